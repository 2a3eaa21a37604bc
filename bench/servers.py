"""The measured servers, each in its own process on a free loopback port: ours, a bare view, Orthanc.

Our server starts as in production, with deploy/gunicorn.conf.py. The requests to them are in other files.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.skipped import Skipped
from deploy.testbed.processes import ROOT, answering, free_port, started
from deploy.testbed.servers import Server, environment, gunicorn

UNPACKED = ROOT / "var" / "bench-tools" / "usr" / "sbin"  # by deploy/bench-tools.sh
ORTHANC = shutil.which("Orthanc", path=f"{UNPACKED}:{os.environ.get('PATH', '')}:/usr/sbin")


@contextmanager
def orthanc(folder: Path) -> Iterator[int]:
    """Debian's Orthanc with its DICOMweb plugin and its safest settings; yields the port. Raises Skipped.

    Orthanc fsyncs every file (`SyncStorageArea`). Its code opens the SQLite index with `synchronous=NORMAL`, and no
    setting changes that. So its index rows are not yet durable when it answers, and ours are.
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
    command = [str(ORTHANC), str(folder / "orthanc.json")]
    ready = answering(f"http://127.0.0.1:{port}/system")
    with started(command, folder / "orthanc.log", os.environ, ready, signal.SIGTERM):
        yield port


@contextmanager
def cloudfilm(folder: Path, *options: str, **settings: str) -> Iterator[Server]:
    """Our server with the demo installation in `folder`. `options`: of gunicorn, such as the number of processes."""
    with gunicorn(folder, *options, environ=environment(folder) | settings) as server:
        yield server


@contextmanager
def bare_view(folder: Path, pictures: Path, *options: str) -> Iterator[Server]:
    """A server of `bench.bare_view` with the files in `pictures`."""
    with gunicorn(folder, *options, application=f"bench.bare_view:application('{pictures}')") as server:
        yield server
