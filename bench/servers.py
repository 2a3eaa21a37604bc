"""The servers that are measured, each a process of its own on a free loopback port: ours, a bare view's, Orthanc.

Ours is started as in production: gunicorn on wsgi.py, threads from its settings. What is sent to them is elsewhere.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.skipped import Skipped
from tests.factories.demo_server import free_port
from tests.factories.servers import ROOT, Server, environment, gunicorn, running

ORTHANC = shutil.which("Orthanc") or "/usr/sbin/Orthanc"
DICOMWEB_PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
START_S = 30


@contextmanager
def orthanc(folder: Path) -> Iterator[int]:
    """Debian's Orthanc with its DICOMweb plugin, at its safest; yields the port. Raises Skipped.

    It fsyncs every file (`SyncStorageArea`). Its SQLite index is opened with `synchronous=NORMAL` in the program text;
    no setting makes that stricter, so its index rows are not yet durable when it answers, while ours are.
    """
    if not (Path(ORTHANC).exists() and DICOMWEB_PLUGIN.exists()):
        raise Skipped("Orthanc is missing: apt-get install orthanc orthanc-dicomweb")
    port = free_port()
    options = {
        "StorageDirectory": str(folder / "orthanc"), "SyncStorageArea": True, "Plugins": [str(DICOMWEB_PLUGIN)],
        "HttpPort": port, "RemoteAccessAllowed": False, "AuthenticationEnabled": False, "DicomServerEnabled": False,
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }  # fmt: skip
    (folder / "orthanc.json").write_text(json.dumps(options))
    with (folder / "orthanc.log").open("wb") as log:
        process = subprocess.Popen([ORTHANC, str(folder / "orthanc.json")], stdout=log, stderr=log)
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
def cloudfilm(folder: Path) -> Iterator[Server]:
    """Our application as in production, on the house in `folder`."""
    with running(gunicorn(folder)) as server:
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


@contextmanager
def bare_view(folder: Path, pictures: Path) -> Iterator[Server]:
    """`bench.bare_view` on the `pictures`, under the same gunicorn."""
    with running(gunicorn(folder, f"bench.bare_view:application('{pictures}')")) as server:
        yield server
