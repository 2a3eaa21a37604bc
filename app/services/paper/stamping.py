"""Stamps the exam's QR on the RIS's own PDF. A PDF is hostile input: each is read by a child process of its own, with
limits, that knows no secret. What the child does is in `stamped_pdf`.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field

from app.errors import Busy, InvalidInput
from app.imaging.errors import ChildUnavailable
from app.imaging.sandbox.messages import BrokenAnswer, receive_answer
from app.imaging.sandbox.started import StartedProcess
from app.services.paper import qr
from app.services.paper.stamped_pdf import Wanted
from app.services.paper.stamping_child import DONE, LENGTHS

MOST_BYTES = 16 * 1024 * 1024
MOST_AT_ONCE = 2
MEMORY_BYTES, PROCESSOR_S, PATIENCE_S = 768 * 1024 * 1024, 10, 30.0
RETRY_S = 2
MODULE = "app.services.paper.stamping_child"


@dataclass(frozen=True)
class Stamping:
    """Decides whether a PDF can be stamped. Raises InvalidInput, Busy."""

    _places: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(MOST_AT_ONCE))

    def stamp(self, pdf: bytes, url: str, wanted: Wanted) -> bytes:
        """The file with the QR of `url`, 20.5 mm wide with its quiet zone. Raises InvalidInput with the reason why it
        cannot be, Busy when too many are stamped at this moment."""
        if len(pdf) > MOST_BYTES:
            raise InvalidInput("pdf", "is too large")
        if not self._places.acquire(blocking=False):
            raise Busy(RETRY_S)
        try:
            return self._asked(pdf, url, wanted)
        finally:
            self._places.release()

    def _asked(self, pdf: bytes, url: str, wanted: Wanted) -> bytes:
        said = json.dumps(
            {
                "page": wanted.page,
                "left_mm": wanted.left_mm,
                "top_mm": wanted.top_mm,
                "modules": qr.modules(url),
                "symbol_mm": qr.MILLIMETRES,
                "quiet": qr.QUIET_ZONE,
            }
        ).encode()
        try:
            child = StartedProcess(MODULE, (str(MEMORY_BYTES), str(PROCESSOR_S)))
        except ChildUnavailable:
            raise Busy(RETRY_S) from None
        try:
            child.connection.settimeout(PATIENCE_S)
            child.connection.sendall(LENGTHS.pack(len(said), len(pdf)) + said + pdf)
            kind, parts = receive_answer(child.connection, time.monotonic() + PATIENCE_S)
        except (BrokenAnswer, OSError):
            raise InvalidInput("pdf", "takes too much memory or time to read") from None
        finally:
            child.close()
        if len(parts) != 1:
            raise InvalidInput("pdf", "cannot be read")
        if kind != DONE:
            raise InvalidInput("pdf", parts[0][:200].decode("ascii", "replace"))
        return parts[0]
