"""`make demo`: everything on this machine in one process, with simulated carriers (contract: docs/design.md, 5).

First the demo's data is taken in (safe to repeat), then gunicorn serves, with the worker and the DICOM door as threads
of its one process.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import structlog
from gunicorn.app.base import BaseApplication

from app import logs
from app.bootstrap import Services, build
from app.config import Settings
from app.demo.data import DemoExam
from app.demo.house import DemoHouse, create_demo_app, demo_of
from app.dimse.scp import start_door
from app.security.fields import BindingPhase
from app.security.permissions import Scope

ROOT = Path(__file__).resolve().parent.parent.parent
SAMPLE = ROOT / "deploy" / "sample"
WORDS = ROOT / "templates" / "demo" / "words.toml"
CALLING_AE = "DEMO_SCU"
TOKENS = {"upload_token": {Scope.UPLOAD}, "read_token": {Scope.READ}, "ris_token": {Scope.RIS}}
MOST_ROUNDS = 2000
RECEIPT_PAUSE_S = 2.0
PORT_PATIENCE_S = 15.0

log = structlog.get_logger(__name__)


def prepare(settings: Settings, data: Path) -> None:
    """Load `data`, work off everything that follows from it, and write demo.json."""
    services = build(settings)
    _bind_fields(services)
    demo = demo_of(services)
    with WORDS.open("rb") as file:
        refused = demo.data.load(data, tomllib.load(file))
    for line in refused:
        print(f"not taken, kept in quarantine: {line}", file=sys.stderr)
    for study_instance_uid in demo.data.study_uids():
        services.pictures.completion.complete_now(study_instance_uid)
    for _ in range(MOST_ROUNDS):
        if not (services.worker.run_sweeps() | services.worker.run_job()):
            break
    for name, scopes in TOKENS.items():
        services.machines.tokens.ensure(f"demo-{name}", scopes, demo.data.token(name), actor="system:demo")
    demo.staff.ensure("system:demo")
    for line in demo.summary.lines():
        print(line, file=sys.stderr)
    write_atomically(settings.var_dir / "demo.json", document(services, demo))
    services.pictures.renderer.close()
    services.ingest.reader.close()
    services.db.dispose()


def _bind_fields(services: Services) -> None:
    """A demo that a release before began: no process of it runs any more."""
    if services.fields.phase is not BindingPhase.BOUND:
        services.operations.field_binding.bind_all(services.settings.key_path)


def document(services: Services, demo: DemoHouse) -> dict[str, Any]:
    settings = services.settings
    return {
        "base_url": settings.base_url,
        **{name: demo.data.token(name) for name in TOKENS},
        "dicom": {"port": settings.dicom_port, "called_ae": settings.dicom_ae_title, "calling_ae": CALLING_AE},
        "exams": [_exam(services, demo, exam) for exam in demo.data.exams_shown()],
        "staff": [asdict(account) for account in demo.staff.everybody()],
        "phone_url": f"{settings.base_url}/demo/phone",
    }


def _exam(services: Services, demo: DemoHouse, exam: DemoExam) -> dict[str, Any]:
    settings, person = services.settings, exam.person
    is_long = settings.sms_link == "long"
    pickup_code = demo.data.pickup_code(exam.accession_number)
    code = demo.data.link_code(exam.accession_number) if is_long else pickup_code
    return {
        "accession_number": exam.accession_number,
        "study_instance_uid": exam.study_instance_uid,
        "patient": {
            "name": person.name,
            "phone": person.phone,
            "id_number": person.id_number,
            "birth_date": person.birth_date,
        },
        "qr_url": f"{settings.base_url}/q/{exam.qr_code}",
        "sms_url": f"{settings.base_url}/s/{code}",
        "pickup_code": pickup_code,
    }


def write_atomically(path: Path, content: dict[str, Any]) -> None:
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=False, indent=1)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(path)


class DemoServer(BaseApplication):  # type: ignore[misc]
    """gunicorn with one process: the web, the worker's threads and the DICOM door."""

    def __init__(self, settings: Settings, port: int) -> None:
        self.settings, self.port = settings, port
        super().__init__()

    def load_config(self) -> None:
        options = {
            "bind": f"127.0.0.1:{self.port}",
            "workers": 1,
            "worker_class": "gthread",
            "threads": self.settings.web_threads,
            "accesslog": None,
            "loglevel": "warning",
            "timeout": 120,
            "control_socket_disable": True,
        }
        for name, value in options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Any:
        services = build(self.settings)
        services.worker.start()
        services.waker.listen(services.worker.wake)
        start_door(services.settings, services.ingest.ingest)
        threading.Thread(target=_deliver_receipts, args=(services,), name="carrier", daemon=True).start()
        return create_demo_app(services)


def _deliver_receipts(services: Services) -> None:
    """The simulated carrier calls our real hook, as the real one would; it waits until we answer."""
    while True:
        time.sleep(RECEIPT_PAUSE_S)
        try:
            services.simulation.push_receipts()
        except OSError as error:
            log.warning("the simulated carrier could not deliver receipts", exc_info=error)


def free_port(wanted: int) -> int:
    """`wanted`, or any free port when something listens there already."""
    with socket.socket() as probe:
        if not is_free(wanted):
            wanted = 0
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", wanted))
        port: int = probe.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def wait_for_port(port: int) -> None:
    """What a killed demo left behind ends within seconds; whoever else listens there must keep its demo.json."""
    until = time.monotonic() + PORT_PATIENCE_S
    while not is_free(port):
        if time.monotonic() > until:
            sys.exit(f"PORT: something listens on 127.0.0.1:{port} already")
        time.sleep(0.5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--data", type=Path, default=SAMPLE)
    parser.add_argument("--prepare-only", action="store_true")
    parser.add_argument("--dicom-port", type=int)
    options = parser.parse_args()
    if not options.data.exists():
        sys.exit(f"DEMO_DATA: there is no {options.data}")
    settings = Settings.for_demo(options.port, options.dicom_port, CALLING_AE)
    logs.configure(settings.log_level)
    if options.prepare_only:
        prepare(settings, options.data)
        return
    wait_for_port(options.port)
    if options.dicom_port is None:
        settings = Settings.for_demo(options.port, free_port(settings.dicom_port), CALLING_AE)
    # a process of its own: gunicorn forks, and no thread or database handle may cross that
    command = [
        sys.executable,
        "-m",
        "app.demo",
        "--prepare-only",
        "--port",
        str(options.port),
        "--data",
        str(options.data),
        "--dicom-port",
        str(settings.dicom_port),
    ]
    prepared = subprocess.run(command, check=False)  # noqa: S603 - our own module, no shell
    if prepared.returncode:
        sys.exit(prepared.returncode)
    print(f"CloudFilm demo: {settings.base_url}/demo/phone (stop with Ctrl-C)", flush=True)
    DemoServer(settings, options.port).run()


if __name__ == "__main__":
    main()
