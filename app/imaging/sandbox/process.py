"""One decoding process as its parent sees it: start, ask, end. All children together are in `pool`."""

from __future__ import annotations

import math
import socket
import subprocess
import sys
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from app.imaging.errors import DecoderUnavailable
from app.imaging.sandbox.protocol import (
    FRAME_WANTED,
    PICTURES,
    READY,
    BrokenAnswer,
    Request,
    receive,
    receive_answer,
    send_request,
)

APP = Path(__file__).resolve().parent.parent.parent
START_LIMIT_S = 60.0
TOKENS_REMEMBERED = 256
# An empty package replaces `app`, because its own __init__ would import the whole web framework into the sandbox.
_START = """
import sys, types
app = sys.modules["app"] = types.ModuleType("app")
app.__path__ = [sys.argv.pop(1)]
from app.imaging.sandbox.child import main
main()
"""
# The child gets none of our environment, because settings hold secrets. One thread: a thread's stack counts as memory.
_ENVIRONMENT = {"LC_ALL": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


class Child:
    """A decoding child, for one thread at a time. `usable` is False after it died, was late or answered nonsense."""

    def __init__(self, memory_limit_bytes: int, time_limit_s: float) -> None:
        """Start the process. Raises DecoderUnavailable."""
        self.served = 0
        self.usable = True
        self.was_late = False
        self.is_closed = False
        self.kept: OrderedDict[str | None, None] = OrderedDict()
        """Tokens of frames and objects that the child probably still keeps. This is a guess at the memory of another
        process and no cache, so it needs no lock: only one thread at a time uses the child."""
        limits = (str(memory_limit_bytes), str(math.ceil(time_limit_s)))
        self._connection, theirs = socket.socketpair()
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own module, no shell
                [sys.executable, "-I", "-c", _START, str(APP), *limits],
                cwd="/",
                env=_ENVIRONMENT,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except OSError:
            self._connection.close()
            raise DecoderUnavailable("no decoding process can be started") from None
        finally:
            theirs.close()
        self._expect_ready()

    def _expect_ready(self) -> None:
        try:
            if receive(self._connection, len(READY), time.monotonic() + START_LIMIT_S) == READY:
                return
        except BrokenAnswer:
            pass
        self.close()
        raise DecoderUnavailable("the decoding process does not start")

    def ask(self, request: Request, read: Callable[[], bytes], time_limit_s: float) -> tuple[int, list[bytes]]:
        """The child's answer. Raises BrokenAnswer (then the child is not usable any more) and every error of `read`."""
        if request.token in self.kept or request.whole in self.kept:
            kind, parts = self._exchange(request, b"", time_limit_s)
            if kind != FRAME_WANTED:
                return kind, parts
        return self._exchange(request, read(), time_limit_s)

    def _exchange(self, request: Request, frame: bytes, time_limit_s: float) -> tuple[int, list[bytes]]:
        deadline = time.monotonic() + time_limit_s
        self.usable = False
        try:
            self._connection.settimeout(time_limit_s)
            send_request(self._connection, request, frame)
            kind, parts = receive_answer(self._connection, deadline)
        except BrokenAnswer:
            self.was_late = time.monotonic() >= deadline
            raise
        self.usable = True
        self.served += 1
        for token in (request.token, request.whole):
            self._remember(token, kind == PICTURES)
        return kind, parts

    def _remember(self, token: str | None, kept: bool) -> None:
        self.kept.pop(token, None)
        if kept and token:
            self.kept[token] = None
            if len(self.kept) > TOKENS_REMEMBERED:
                self.kept.popitem(last=False)

    def close(self) -> None:
        self.is_closed = True
        self._process.kill()
        self._connection.close()
        self._process.wait()
