"""`make demo`: everything on this machine in one process, with simulated carriers (contract: docs/design.md, 5).

First the demo's data is taken in (safe to repeat), then gunicorn serves, with the worker and the DICOM door as threads
of its one process.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app import logs
from app.bootstrap import Services, build
from app.clock import SystemClock
from app.config import Settings
from app.demo import outside_world, ports, sources
from app.demo.clock import CLOCK_FILE, MovedClock
from app.demo.data import DemoExam, NothingTaken
from app.demo.house import DemoHouse, demo_of
from app.demo.notices import tell_at_once
from app.demo.server import DemoServer
from app.security.fields import BindingPhase
from app.security.permissions import Scope

ROOT = Path(__file__).resolve().parent.parent.parent
SAMPLE = ROOT / "deploy" / "sample"
WORDS = ROOT / "templates" / "demo" / "words.toml"
CALLING_AE = "DEMO_SCU"
TOKENS = {"upload_token": {Scope.UPLOAD}, "read_token": {Scope.READ}, "ris_token": {Scope.RIS}}
INTERRUPTED = 130


def prepare(settings: Settings, data: Path, sms_port: int) -> None:
    """Load `data`, work off everything that follows from it, and write demo.json."""
    services = build(settings, MovedClock(settings.var_dir / CLOCK_FILE), SystemClock())
    began_at = services.clock.now()
    _bind_fields(services)
    demo = demo_of(services)
    _load(demo, data)
    for study_instance_uid in demo.data.study_uids():
        services.pictures.completion.complete_now(study_instance_uid)
    tell_at_once(services, began_at if (settings.var_dir / "demo.json").exists() else None)
    for name, scopes in TOKENS.items():
        services.machines.tokens.ensure(f"demo-{name}", scopes, demo.data.token(name), actor="system:demo")
    demo.staff.ensure("system:demo")
    for line in demo.summary.lines():
        print(line, file=sys.stderr)
    write_atomically(settings.var_dir / "demo.json", document(services, demo, sms_port))
    services.pictures.renderer.close()
    services.ingest.reader.close()
    services.db.dispose()


def _load(demo: DemoHouse, data: Path) -> None:
    try:
        with WORDS.open("rb") as file:
            refused = demo.data.load(data, tomllib.load(file))
    except NothingTaken as fault:
        _tell(fault.refused)
        found = f"all {len(fault.refused)} files were refused" if fault.refused else "no file of it is DICOM"
        sys.exit(f"DEMO_DATA: nothing in {data} can be shown: {found}")
    _tell(refused)


def _tell(refused: list[str]) -> None:
    for line in refused:
        print(f"not taken, kept in quarantine: {line}", file=sys.stderr)


def _bind_fields(services: Services) -> None:
    """A demo that a release before began: no process of it runs any more."""
    if services.fields.phase is not BindingPhase.BOUND:
        services.operations.field_binding.bind_all(services.settings.key_path)


def document(services: Services, demo: DemoHouse, sms_port: int) -> dict[str, Any]:
    settings = services.settings
    return {
        "base_url": settings.base_url,
        **{name: demo.data.token(name) for name in TOKENS},
        "dicom": {"port": settings.dicom_port, "called_ae": settings.dicom_ae_title, "calling_ae": CALLING_AE},
        "exams": [_exam(services, demo, exam) for exam in demo.data.exams_shown()],
        "staff": [asdict(account) for account in demo.staff.everybody()],
        "phone_url": f"{settings.base_url}/demo/phone",
        "wechat": _wechat(services),
        "sms": {"base_url": f"http://127.0.0.1:{sms_port}"},
    }


def _wechat(services: Services) -> dict[str, Any]:
    """Where the simulated WeChat is, and who is in it; an openid that is not listed is a new follower."""
    connection, player = services.wechat.connection, services.simulation.wechat
    if connection is None or player is None:
        return {}
    people = [
        {"openid": user["openid"], "name": user["name"], **({"snapshot": True} if user["snapshot"] else {})}
        for user in player.users()
    ]
    return {"base_url": player.base_url, "appid": connection.credentials.appid, "users": people}


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--data", type=Path, default=SAMPLE)
    parser.add_argument("--prepare-only", action="store_true")
    parser.add_argument("--dicom-port", type=int)
    parser.add_argument("--wechat-port", type=int, default=8100)
    parser.add_argument("--sms-port", type=int, default=8200)
    options = parser.parse_args()
    if options.prepare_only:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # ends as a kill -9 does, without a traceback
        world = outside_world.environment(options.wechat_port)
        settings = Settings.for_demo(options.port, options.dicom_port, CALLING_AE, world)
        logs.configure(settings.log_level)
        prepare(settings, options.data, options.sms_port)
        return
    if fault := sources.fault_of(options.data):
        sys.exit(f"DEMO_DATA: {fault}")
    folder = Settings.for_demo(options.port, options.dicom_port, CALLING_AE).var_dir
    ports.claim(options.port, folder)
    wechat_port = ports.free_port(outside_world.former_port(folder, "wechat") or options.wechat_port)
    sms_port = ports.free_port(outside_world.former_port(folder, "sms") or options.sms_port)
    world = outside_world.environment(wechat_port)
    settings = Settings.for_demo(options.port, options.dicom_port, CALLING_AE, world)
    logs.configure(settings.log_level)
    if options.dicom_port is None:
        settings = Settings.for_demo(options.port, ports.free_port(settings.dicom_port), CALLING_AE, world)
    with outside_world.running(settings, wechat_port, sms_port):
        _prepare_apart(settings, options.port, options.data, wechat_port, sms_port)
        print(f"CloudFilm demo: {settings.base_url}/demo/phone (stop with Ctrl-C)", flush=True)
        DemoServer(settings, options.port).run()


def _prepare_apart(settings: Settings, port: int, data: Path, wechat_port: int, sms_port: int) -> None:
    """In a process of its own: gunicorn forks, and no thread or database handle may cross that."""
    command = [sys.executable, "-m", "app.demo", "--prepare-only"]
    command += ["--port", str(port), "--data", str(data), "--dicom-port", str(settings.dicom_port)]
    command += ["--wechat-port", str(wechat_port), "--sms-port", str(sms_port)]
    prepared = subprocess.run(command, check=False)  # noqa: S603 - our own module, no shell
    if prepared.returncode:
        sys.exit(prepared.returncode if prepared.returncode > 0 else INTERRUPTED)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
