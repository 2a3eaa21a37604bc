"""The only way to start a program here: in its own process group, with its output in a file, and waiting until it is
ready. `servers` and other callers choose the program and its settings.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60
COMMAND_PATIENCE_S = 120


@dataclass(frozen=True)
class Running:
    """A started program. `log` is the file with all its output."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def said(self) -> str:
        """All output so far."""
        return self.log.read_text()

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal to the whole group, unless the program is gone. Wait for its end and return the exit status."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, how)
        return self.process.wait(PATIENCE_S)


Ready = Callable[[Running], bool]


@contextmanager
def started(
    command: Sequence[str],
    log: Path,
    environ: Mapping[str, str],
    ready: Ready,
    end: signal.Signals = signal.SIGKILL,
    folder: Path = ROOT,
) -> Iterator[Running]:
    """Start a program in `folder` and wait until it is `ready`. At the end of the block the signal `end` ends it.

    Its environment is `environ`, PATH and PYTHONUNBUFFERED. Its output is appended to `log`. Raises RuntimeError with
    the end of the log when the program ends, or when it is not ready within PATIENCE_S.
    """
    log.parent.mkdir(exist_ok=True)
    with log.open("ab") as file:
        process = subprocess.Popen(
            command, cwd=folder, env=_base() | dict(environ), stdout=file, stderr=file, start_new_session=True
        )
    running = Running(process, log)
    try:
        _wait(running, ready)
        yield running
    finally:
        running.end(end)


def finished(command: Sequence[str], environ: Mapping[str, str]) -> tuple[int, str]:
    """Run a program that ends by itself; returns its exit status and its output with errors."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=_base() | dict(environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=COMMAND_PATIENCE_S,
    )
    return done.returncode, done.stdout


def free_port() -> int:
    """A loopback port on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def listening(port: int) -> Ready:
    """The program is ready when it accepts a connection to the port."""

    def ready(_: Running) -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except OSError:
            return False
        return True

    return ready


def answering(address: str) -> Ready:
    """The program is ready when a GET of the address succeeds."""

    def ready(_: Running) -> bool:
        try:
            urllib.request.urlopen(address, timeout=5).close()
        except (urllib.error.URLError, OSError):
            return False
        return True

    return ready


def saying(pattern: str) -> Ready:
    """The program is ready when its log matches the pattern."""
    return lambda running: re.search(pattern, running.said) is not None


def _base() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1"}


def _wait(running: Running, ready: Ready) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and running.process.poll() is None:
        if ready(running):
            return
        time.sleep(0.1)
    raise RuntimeError(f"{running.log.stem} did not get ready:\n{running.said[-2000:]}")
