"""Real server processes on loopback: gunicorn with the application, and the DICOM door."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.config import Settings
from tests.factories.dicom_client import CALLING
from tests.places import ROOT

START_S = 60


class Server:
    """A process in a group of its own, with the port it said it listens on."""

    def __init__(self, command: list[str], folder: Path, announced: str, **settings: str) -> None:
        self.log: list[str] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env=environment(folder) | settings,
            start_new_session=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.pid = self._process.pid
        self.port = 0
        self._announced = re.compile(announced)
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._ready.wait(START_S):
            self.end(signal.SIGKILL)
            raise AssertionError("the server did not start:\n" + "".join(self.log))

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.log.append(line)
            found = self._announced.search(line)
            if found:
                self.port = int(found.group(1))
                self._ready.set()

    def end(self, how: signal.Signals) -> int:
        """Send a signal to the whole group and wait for the end; the exit status."""
        if self._process.poll() is None:
            os.killpg(self.pid, how)
        status = self._process.wait(30)
        self._reader.join(10)
        if self._process.stdout is not None:
            self._process.stdout.close()
        return status


def environment(folder: Path) -> dict[str, str]:
    """What every server of this folder is started with."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CLOUDFILM_")}
    return environ | {
        "CLOUDFILM_PROFILE": "demo",
        "CLOUDFILM_VAR_DIR": str(folder / "var"),
        "DICOM_PORT": "0",
        "CLOUDFILM_DICOM_CALLING_AES": CALLING,
        "PYTHONUNBUFFERED": "1",
    }


@contextmanager
def running(server: Server) -> Iterator[Server]:
    try:
        yield server
    finally:
        server.end(signal.SIGKILL)


def gunicorn(folder: Path, processes: int = 1, **settings: str) -> Server:
    """`settings`: more of the environment, by variable."""
    command = [
        "gunicorn",
        "wsgi:application",
        "-w",
        str(processes),
        "-k",
        "gthread",
        "--threads",
        "8",
        "-b",
        "127.0.0.1:0",
    ]
    return Server(command, folder, r"Listening at: http://127\.0\.0\.1:(\d+)", **settings)


def dicom_door(folder: Path) -> Server:
    return Server(["flask", "--app", "wsgi", "scp"], folder, r"DICOM door on port (\d+)")


def settings_of(folder: Path, **settings: str) -> Settings:
    """The settings the servers of this folder run with."""
    return Settings.from_env({"CLOUDFILM_PROFILE": "demo", "CLOUDFILM_VAR_DIR": str(folder / "var")} | settings)
