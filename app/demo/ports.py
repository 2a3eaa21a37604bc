"""The ports of the demo on 127.0.0.1: whether one is free, and who holds it. Nothing serves here.

A demo marks its folder: it holds a lock on `demo.lock` as long as one of its processes lives, and writes the id of the
main one into it. So a start can tell what a killed demo left behind, which ends within seconds, from everybody else.
"""

from __future__ import annotations

import fcntl
import os
import socket
import sys
import time
from pathlib import Path

PATIENCE_S = 15.0
PAUSE_S = 0.2
MARK = "demo.lock"


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


def claim(port: int, folder: Path) -> int:
    """Mark the demo's folder and return the mark's descriptor, which every process forked from this one holds too.

    Waits only for the rest of a demo of this folder whose main process was killed. Whoever else listens on the port is
    told at once: exits with one line.
    """
    folder.mkdir(parents=True, exist_ok=True)
    mark = os.open(folder / MARK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    until = time.monotonic() + (0.0 if _locked(mark) or _main_lives(mark) else PATIENCE_S)
    while not is_free(port):
        if time.monotonic() >= until:
            sys.exit(f"PORT: something listens on 127.0.0.1:{port} already. Choose another: make demo PORT={port + 1}")
        time.sleep(PAUSE_S)
    if _locked(mark):
        os.ftruncate(mark, 0)
        os.pwrite(mark, str(os.getpid()).encode(), 0)
    return mark


def _locked(mark: int) -> bool:
    """Whether this process holds the lock now."""
    try:
        fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _main_lives(mark: int) -> bool:
    """Whether the main process that the mark names still runs. One that was killed and not yet waited for is gone."""
    try:
        number = int(os.pread(mark, 32, 0))
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except (ValueError, OSError):
        return False
    return state != "Z"
