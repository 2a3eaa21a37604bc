"""The servers that are measured, each a process of its own on a free loopback port: ours, a bare view's, Orthanc.

Ours is started as in production: gunicorn on wsgi.py, threads from its settings. What is sent to them is elsewhere.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.skipped import Skipped
from tests.factories.demo_server import free_port
from tests.factories.servers import Server, gunicorn, running

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
        _wait_until_answers(f"http://127.0.0.1:{port}/system", process, folder / "orthanc.log")
        yield port
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_until_answers(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError("the server did not get ready:\n" + log.read_text()[-2000:])


@contextmanager
def cloudfilm(folder: Path) -> Iterator[Server]:
    with running(gunicorn(folder)) as server:
        yield server
