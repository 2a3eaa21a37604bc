"""Who holds the demo's port: a stranger is told at once, the rest of a killed demo is waited for."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.demo import ports

LEFT_BEHIND = """
import fcntl, os, socket, sys
mark = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
fcntl.flock(mark, fcntl.LOCK_EX)
os.pwrite(mark, sys.argv[2].encode(), 0)
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen()
print(listener.getsockname()[1], flush=True)
sys.stdin.read()
"""


def _left_behind(folder: Path, main: int) -> tuple[subprocess.Popen[str], int]:
    """A process that holds a mark and a port, as gunicorn's child does; `main`: the main process in the mark."""
    command = [sys.executable, "-c", LEFT_BEHIND, str(folder / ports.MARK), str(main)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def _number_of_a_dead_process() -> int:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    return gone.pid


def _never(_: float) -> None:
    raise AssertionError("nobody is waited for")


def _sleep_is(monkeypatch: pytest.MonkeyPatch, sleep: Callable[[float], None]) -> None:
    """For the module alone: other threads of this process sleep too."""
    monkeypatch.setattr(ports, "time", SimpleNamespace(sleep=sleep, monotonic=time.monotonic))


def test_a_stranger_on_the_port_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _sleep_is(monkeypatch, _never)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(SystemExit, match="PORT: something listens"):
            ports.claim(other.getsockname()[1], tmp_path)


def test_a_demo_of_this_folder_that_runs_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _sleep_is(monkeypatch, _never)
    process, port = _left_behind(tmp_path, os.getpid())
    with process, pytest.raises(SystemExit, match="PORT: something listens"):
        ports.claim(port, tmp_path)


def test_the_rest_of_a_killed_demo_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    process, port = _left_behind(tmp_path, _number_of_a_dead_process())

    def it_ends(_: float) -> None:
        process.communicate("")

    _sleep_is(monkeypatch, it_ends)
    with process:
        mark = ports.claim(port, tmp_path)
    assert process.returncode == 0
    assert os.pread(mark, 32, 0) == str(os.getpid()).encode()
    os.close(mark)


def test_a_main_process_that_nobody_waited_for_is_gone(tmp_path: Path) -> None:
    killed = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    assert killed.stdout is not None
    killed.stdout.read()  # until it ended
    os.waitid(os.P_PID, killed.pid, os.WEXITED | os.WNOWAIT)
    mark = os.open(tmp_path / ports.MARK, os.O_RDWR | os.O_CREAT)
    os.pwrite(mark, str(killed.pid).encode(), 0)
    assert not ports._main_lives(mark)
    killed.communicate()
    os.close(mark)
