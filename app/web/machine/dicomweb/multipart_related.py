"""Reads a `multipart/related` body part by part with bounded memory (RFC 2387, RFC 2046 5.1; PS3.18 8.6.1.2).

Each part is kept in memory while it is small, then in a temporary file of its own. The views know what the parts are.
"""

from __future__ import annotations

import io
import tempfile
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol, cast

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser

from app.dicom.status import MIB
from app.errors import InvalidInput, StoreUnavailable
from app.web.machine.dicomweb.media_types import MediaType

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

READ_BYTES = 256 * 1024
"""gunicorn keeps up to 1 MiB that it read ahead, and copies it at every read: larger reads make fewer copies."""


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True)
class Limits:
    """Sizes in bytes. A part larger than `memory_bytes` is moved to an unnamed file."""

    part_bytes: int
    parts: int = 20_000
    headers: int = 16
    header_bytes: int = 4096
    memory_bytes: int = MIB


@dataclass(frozen=True)
class ReceivedPart:
    """One part. `content_type` in small letters without parameters, empty when the part names none; `location` and
    `transfer_syntax` as its headers name them, or empty.

    A part beyond the limit is `oversized` and holds only its first bytes.
    """

    content_type: str
    file: BinaryIO
    size: int
    oversized: bool
    location: str = ""
    transfer_syntax: str = ""


def read_parts(body: Readable, boundary: str, limits: Limits, spool: Path) -> Iterator[ReceivedPart]:
    """The parts, each as soon as it is whole. The caller closes their files.

    Raises InvalidInput when the body is not a well-formed multipart message; the whole parts before the fault come
    first. Raises StoreUnavailable when the spool folder fails.
    """
    collector = _Collector(limits, spool)
    try:
        parser = _parser(boundary, collector, limits)
        while not collector.ended:
            chunk = _read(body)
            if not chunk:
                raise InvalidInput("body", "ends before its closing boundary")
            fault: str | None = None
            try:
                parser.write(chunk)
            except FormParserError:
                fault = "is not a well-formed multipart message"
            except _TooMany:
                fault = f"has more than {limits.parts} parts"
            except OSError as error:
                raise StoreUnavailable("the spool folder failed") from error
            while collector.whole:
                yield collector.whole.popleft()
            if fault:
                raise InvalidInput("body", fault)
    finally:
        collector.close()


def _parser(boundary: str, collector: _Collector, limits: Limits) -> MultipartParser:
    callbacks: MultipartCallbacks = {
        "on_part_begin": collector.begin,
        "on_header_field": collector.header_field,
        "on_header_value": collector.header_value,
        "on_header_end": collector.header_end,
        "on_part_data": collector.data,
        "on_part_end": collector.end,
        "on_end": collector.finish,
    }
    try:
        return MultipartParser(
            boundary.encode("latin-1"),
            callbacks,
            max_header_count=limits.headers,
            max_header_size=limits.header_bytes,
        )
    except (FormParserError, UnicodeEncodeError):
        raise InvalidInput("Content-Type", "has an unusable boundary") from None


def _read(body: Readable) -> bytes:
    """Read a chunk. A web server raises various errors when the client goes away or sends broken chunks; all mean the
    same."""
    try:
        return body.read(READ_BYTES)
    except InvalidInput:
        raise
    except Exception as error:
        raise InvalidInput("body", "ended early") from error


class _TooMany(Exception):
    pass


class _Collector:
    """Receives the parser's callbacks and turns them into parts."""

    def __init__(self, limits: Limits, spool: Path) -> None:
        self.whole: deque[ReceivedPart] = deque()
        self.ended = False
        self._limits = limits
        self._spool = spool
        self._count = 0
        self._file: BinaryIO | None = None
        self._size = 0
        self._field = b""
        self._value = b""
        self._type = MediaType("")
        self._location = ""

    def begin(self) -> None:
        self._count += 1
        if self._count > self._limits.parts:
            raise _TooMany
        # Not a SpooledTemporaryFile: a DICOM header is read in two hundred steps, and the wrapper of such a file slows
        # each.
        self._file = io.BytesIO()
        self._size = 0
        self._type, self._location = MediaType(""), ""

    def header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header_end(self) -> None:
        if self._field.lower() == b"content-type":
            self._type = MediaType.parse(self._value.decode("latin-1"))
        elif self._field.lower() == b"content-location":
            self._location = self._value.decode("latin-1").strip()
        self._field = self._value = b""

    def data(self, data: bytes, start: int, end: int) -> None:
        assert self._file is not None
        room = self._limits.part_bytes - self._size
        if room > 0:
            self._file.write(memoryview(data)[start : min(end, start + room)])
        self._size += end - start
        if self._size > self._limits.part_bytes:
            self._file.truncate(min(self._limits.part_bytes, MIB))
        elif self._size > self._limits.memory_bytes and isinstance(self._file, io.BytesIO):
            self._file = self._spooled(self._file)

    def _spooled(self, start: io.BytesIO) -> BinaryIO:
        """Move the part to an unnamed file, which also takes the rest of it."""
        file = tempfile.TemporaryFile(dir=self._spool)  # noqa: SIM115 - the caller closes it
        try:
            file.write(start.getbuffer())
        except BaseException:
            file.close()
            raise
        return cast(BinaryIO, file)

    def end(self) -> None:
        assert self._file is not None
        oversized = self._size > self._limits.part_bytes
        kept = min(self._limits.part_bytes, MIB) if oversized else self._size
        self._file.seek(0)
        described = (self._location, self._type.transfer_syntax)
        self.whole.append(ReceivedPart(self._type.name, self._file, kept, oversized, *described))
        self._file = None

    def finish(self) -> None:
        self.ended = True

    def close(self) -> None:
        """Close the files of parts that are not whole or were not taken."""
        if self._file is not None:
            self._file.close()
        for part in self.whole:
            part.file.close()
