"""Our own servers as a hospital starts them: web, worker, DICOM door. Each is a process with its own loopback port.

`environment` describes a demo installation in a folder; callers add other settings. Programs of others are not here.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.config import NEWS_AT_ONCE, Settings
from deploy.testbed.processes import Running, free_port, listening, saying, started

CALLING_AE = "TESTSCU"
"""The calling AE title that the DICOM door lets in."""


@dataclass(frozen=True)
class Server:
    """A running server and the port it listens on."""

    running: Running
    port: int

    @property
    def pid(self) -> int:
        return self.running.process.pid

    def end(self, how: signal.Signals) -> int:
        """Send a signal to all processes of the server and wait; returns the exit status."""
        return self.running.end(how)


def environment(folder: Path) -> dict[str, str]:
    """The environment variables of every server of the demo installation in this folder."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("CLOUDFILM_")}
    return ours | {
        "CLOUDFILM_PROFILE": "demo",
        "CLOUDFILM_CONSENT": "elsewhere",
        "CLOUDFILM_VAR_DIR": str(folder / "var"),
        "CLOUDFILM_DICOM_CALLING_AES": CALLING_AE,
        **NEWS_AT_ONCE,
    }


def settings_of(folder: Path, **settings: str) -> Settings:
    """The settings of the servers of this folder. `settings`: more settings, by variable."""
    environ = {"CLOUDFILM_PROFILE": "demo", "CLOUDFILM_VAR_DIR": str(folder / "var"), **NEWS_AT_ONCE}
    return Settings.from_env(environ | settings)


def gunicorn_command(port: int, *options: str, application: str = "wsgi:application") -> list[str]:
    """The command of docs/operating.md, with the shipped configuration."""
    program = str(Path(sys.executable).with_name("gunicorn"))
    return [program, "-c", "deploy/gunicorn.conf.py", "-b", f"127.0.0.1:{port}", *options, application]


@contextmanager
def gunicorn(
    folder: Path, *options: str, application: str = "wsgi:application", environ: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """gunicorn until the block ends, with the environment of `folder` or with `environ`; it logs to `folder/logs`."""
    port = free_port()
    command = gunicorn_command(port, *options, application=application)
    environ = environment(folder) if environ is None else environ
    with started(command, folder / "logs" / "gunicorn.log", environ, listening(port)) as running:
        yield Server(running, port)


@contextmanager
def worker(folder: Path, environ: Mapping[str, str]) -> Iterator[Running]:
    """`flask worker` until the block ends."""
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "worker"]
    with started(command, _new(folder / "worker.log"), environ, saying("worker: running")) as running:
        yield running


@contextmanager
def dicom_door(folder: Path) -> Iterator[Server]:
    """`flask scp` with the demo installation in `folder`, until the block ends."""
    port = free_port()
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "scp"]
    environ = environment(folder) | {"DICOM_PORT": str(port)}
    with started(command, _new(folder / "scp.log"), environ, saying(rf"DICOM door on port {port}\b")) as running:
        yield Server(running, port)


def _new(log: Path) -> Path:
    """The log, without the output of an earlier process: it would look like the output of the new process."""
    log.unlink(missing_ok=True)
    return log
