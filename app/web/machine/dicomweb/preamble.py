"""Skips what may stand before the first boundary of a multipart body (RFC 2046 5.1.1). The parts are read in
`multipart_related`."""

from __future__ import annotations

from app.errors import InvalidInput
from app.web.machine.dicomweb.multipart_related import Readable

MOST_BYTES = 64 * 1024


class WithoutPreamble:
    """The body from its first boundary on. A body without one stays as it is: then its reader says what is wrong."""

    def __init__(self, body: Readable, boundary: str) -> None:
        self._body, self._mark = body, b"--" + boundary.encode("latin-1", "replace")
        self._start: bytes | None = None

    def read(self, size: int, /) -> bytes:
        """Raises InvalidInput for a preamble of more than MOST_BYTES."""
        if self._start is None:
            self._start = self._found(size)
        if self._start:
            taken, self._start = self._start[:size], self._start[size:]
            return taken
        return self._body.read(size)

    def _found(self, size: int) -> bytes:
        start = self._body.read(size)
        while not start.startswith(self._mark[: len(start)]) or (start and len(start) < len(self._mark)):
            at = start.find(b"\r\n" + self._mark)
            if at >= 0:
                return start[at + 2 :]
            if len(start) > MOST_BYTES:
                raise InvalidInput("body", "has no boundary in its first bytes")
            more = self._body.read(size)
            if not more:
                break
            start += more
        return start
