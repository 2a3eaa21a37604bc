"""One process that reads headers as its parent sees it: start, ask, end. All of them together are in `header_pool`."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from dataclasses import asdict

from app.dicom.part10 import HeaderLimits
from app.imaging.sandbox.header_protocol import Answer, send_request
from app.imaging.sandbox.messages import BrokenAnswer, receive_answer
from app.imaging.sandbox.started import StartedProcess

PATIENCE = 3
"""By the clock a child gets so many times its processor time: that the machine is busy is no fault of an object."""


class HeaderChild:
    """A child that reads headers, for one thread at a time. `usable` is False after it died, was late, ran out of
    memory or answered nonsense."""

    def __init__(self, memory_limit_bytes: int, time_limit_s: float, header_limits: HeaderLimits) -> None:
        """Start the process. Raises ChildUnavailable."""
        self.served = 0
        self.usable = True
        self.was_late = False
        self.is_closed = False
        self.patience_s = PATIENCE * time_limit_s
        limits = (str(memory_limit_bytes), str(math.ceil(time_limit_s)), json.dumps(asdict(header_limits)))
        self._process = StartedProcess("app.imaging.sandbox.header_child", limits)

    def ask(self, files: Sequence[int], question: bytes = b"") -> tuple[int, list[bytes]]:
        """The child's answer. Raises BrokenAnswer; then the child is not usable any more."""
        deadline = time.monotonic() + self.patience_s
        self.usable = False
        try:
            self._process.connection.settimeout(self.patience_s)
            send_request(self._process.connection, files, question)
            kind, parts = receive_answer(self._process.connection, deadline)
        except BrokenAnswer:
            self.was_late = time.monotonic() >= deadline
            raise
        self.usable = kind != Answer.OUT_OF_MEMORY
        self.served += 1
        return kind, parts

    def used_up_its_time(self) -> bool:
        """Whether the child that broke off had reached its limit of processor time."""
        return not self.was_late and self._process.used_up_its_time()

    def close(self) -> None:
        self.is_closed = True
        self._process.close()
