"""One decoding process as its parent sees it: start, ask, end. All children together are in `pool`."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from app.imaging.sandbox.messages import BrokenAnswer, receive_answer
from app.imaging.sandbox.protocol import FRAME_WANTED, PICTURES, Request, send_request
from app.imaging.sandbox.started import StartedProcess

TOKENS_REMEMBERED = 256


class Child:
    """A decoding child, for one thread at a time. `usable` is False after it died, was late or answered nonsense."""

    def __init__(self, memory_limit_bytes: int, time_limit_s: float) -> None:
        """Start the process. Raises ChildUnavailable."""
        self.served = 0
        self.usable = True
        self.was_late = False
        self.is_closed = False
        self.kept: OrderedDict[str | None, None] = OrderedDict()
        """Tokens of frames and objects that the child probably still keeps. This is a guess at the memory of another
        process and no cache, so it needs no lock: only one thread at a time uses the child."""
        limits = (str(memory_limit_bytes), str(math.ceil(time_limit_s)))
        self._process = StartedProcess("app.imaging.sandbox.child", limits)

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
            self._process.connection.settimeout(time_limit_s)
            send_request(self._process.connection, request, frame)
            kind, parts = receive_answer(self._process.connection, deadline)
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
        self._process.close()
