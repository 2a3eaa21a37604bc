"""The servers that are measured, each a process of its own on a free loopback port: ours, a bare view's, Orthanc.

Ours is started as in production, with deploy/gunicorn.conf.py. What is sent to them is elsewhere.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.skipped import Skipped
from tests.factories.demo_server import free_port
from tests.factories.hospital import end, gunicorn_command, run, wait_for
from tests.factories.servers import ROOT, environment

UNPACKED = ROOT / "var" / "bench-tools" / "usr" / "sbin"  # by deploy/bench-tools.sh
ORTHANC = shutil.which("Orthanc", path=f"{UNPACKED}:{os.environ.get('PATH', '')}:/usr/sbin")
START_S = 30


@dataclass(frozen=True)
class Running:
    port: int
    pid: int


@contextmanager
def orthanc(folder: Path) -> Iterator[int]:
    """Debian's Orthanc with its DICOMweb plugin, at its safest; yields the port. Raises Skipped.

    It fsyncs every file (`SyncStorageArea`). Its SQLite index is opened with `synchronous=NORMAL` in the program text;
    no setting makes that stricter, so its index rows are not yet durable when it answers, while ours are.
    """
    plugins = sorted(Path(ORTHANC).parents[1].glob("lib/orthanc/libOrthancDicomWeb.so.*")) if ORTHANC else []
    if not plugins:
        raise Skipped("Debian's orthanc and orthanc-dicomweb are missing: run deploy/bench-tools.sh as root")
    port = free_port()
    options = {
        "StorageDirectory": str(folder / "orthanc"),
        "SyncStorageArea": True,
        "Plugins": [str(plugins[0])],
        "HttpPort": port,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomServerEnabled": False,
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }
    (folder / "orthanc.json").write_text(json.dumps(options))
    with (folder / "orthanc.log").open("wb") as log:
        process = subprocess.Popen([str(ORTHANC), str(folder / "orthanc.json")], stdout=log, stderr=log)
    try:
        _wait_until(lambda: _answers(f"http://127.0.0.1:{port}/system"), process, folder / "orthanc.log")
        yield port
    finally:
        process.terminate()
        process.wait(timeout=30)


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False


def _wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until and process.poll() is None:
        if ready():
            return
        time.sleep(0.1)
    raise RuntimeError("the server did not get ready:\n" + log.read_text()[-2000:])


@contextmanager
def gunicorn(folder: Path, application: str, *options: str, **settings: str) -> Iterator[Running]:
    """With the configuration that production starts it with, on the house in `folder`."""
    (folder / "web").mkdir(exist_ok=True)
    port = free_port()
    command = gunicorn_command(port, *options, application=application)
    process = run(command, folder / "web", environment(folder) | settings)
    wait_for(port, process, folder / "web")
    try:
        yield Running(port, process.pid)
    finally:
        end(process)


@contextmanager
def cloudfilm(folder: Path, **settings: str) -> Iterator[Running]:
    with gunicorn(folder, "wsgi:application", **settings) as server:
        yield server


@contextmanager
def bare_view(folder: Path, pictures: Path, *options: str) -> Iterator[Running]:
    """`bench.bare_view` on the `pictures`."""
    with gunicorn(folder, f"bench.bare_view:application('{pictures}')", *options) as server:
        yield server


@contextmanager
def worker(folder: Path) -> Iterator[int]:
    """`flask worker` beside the web server, quick to call a study complete; yields its pid."""
    environ = environment(folder) | {"CLOUDFILM_QUIET_PERIOD_S": "1"}
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "worker"]
    with (folder / "worker.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=log, stderr=log)
    try:
        _wait_until(lambda: "worker: running" in (folder / "worker.log").read_text(), process, folder / "worker.log")
        yield process.pid
    finally:
        process.terminate()
        process.wait(timeout=30)
