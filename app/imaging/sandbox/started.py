"""One child process, as bare as it can be: its start, its socket, its end. What it is asked is in `process` and
`header_process`.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from app.imaging.errors import ChildUnavailable
from app.imaging.sandbox.messages import READY, BrokenAnswer, receive

APP = Path(__file__).resolve().parent.parent.parent
START_LIMIT_S = 60.0
END_LIMIT_S = 5.0
# An empty package replaces `app`, because its own __init__ would import the whole web framework into the sandbox.
START = """
import sys, types
app = sys.modules["app"] = types.ModuleType("app")
app.__path__ = [sys.argv.pop(1)]
from {module} import main
main()
"""
# The child gets none of our environment, because settings hold secrets. One thread: a thread's stack counts as memory.
_ENVIRONMENT = {"LC_ALL": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


class StartedProcess:
    """A process that runs `main` of a module of ours; `connection` is the socket to it."""

    def __init__(self, module: str, arguments: Sequence[str]) -> None:
        """Start it and wait until it is ready. Raises ChildUnavailable."""
        self.connection, theirs = socket.socketpair()
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own module, no shell
                [sys.executable, "-I", "-c", START.format(module=module), str(APP), *arguments],
                cwd="/",
                env=_ENVIRONMENT,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except OSError:
            self.connection.close()
            raise ChildUnavailable("no child process can be started") from None
        finally:
            theirs.close()
        self._expect_ready()

    def _expect_ready(self) -> None:
        try:
            if receive(self.connection, len(READY), time.monotonic() + START_LIMIT_S) == READY:
                return
        except BrokenAnswer:
            pass
        self.close()
        raise ChildUnavailable("the child process does not start")

    def used_up_its_time(self) -> bool:
        """Whether it reached its limit of processor time, and ended of that."""
        try:
            return self._process.wait(END_LIMIT_S) == -signal.SIGXCPU
        except subprocess.TimeoutExpired:
            return False

    def close(self) -> None:
        self._process.kill()
        self.connection.close()
        self._process.wait()
