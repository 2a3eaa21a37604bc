"""Bodies that are one object (PS3.18 8.6.1.1), and bodies in gzip. Multipart bodies are read in `multipart_related`."""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from flask import abort

from app.dicom.status import MIB
from app.errors import InvalidInput, StoreUnavailable
from app.web.machine.dicomweb.multipart_related import READ_BYTES, Limits, Readable, ReceivedPart

MOST_INFLATED = 64 * 1024 * MIB
"""Of one body. A study is smaller; a thousandth of it may be sent to have it inflated."""
_GZIP = 16 + zlib.MAX_WBITS


def unpacked(body: Readable, encoding: str) -> Readable:
    """The body without its content coding. Another one than gzip is 415 (RFC 9110 15.5.16)."""
    coding = encoding.strip().lower()
    if coding in ("", "identity"):
        return body
    if coding not in ("gzip", "x-gzip"):
        abort(415)
    return Unpacked(body)


class Unpacked:
    """A body in gzip, inflated as it is read: never more at once than was asked for, whatever it holds."""

    def __init__(self, body: Readable) -> None:
        self._body, self._inflater = body, zlib.decompressobj(_GZIP)
        self._left = MOST_INFLATED

    def read(self, size: int, /) -> bytes:
        """Raises InvalidInput for what is no gzip."""
        while True:
            packed = self._inflater.unconsumed_tail or (b"" if self._inflater.eof else self._body.read(READ_BYTES))
            try:
                plain = self._inflater.decompress(packed, size)
            except zlib.error:
                raise InvalidInput("body", "is not in gzip") from None
            self._left -= len(plain)
            if self._left < 0:
                raise InvalidInput("body", "inflates to too much")
            if plain or self._inflater.eof:
                return plain
            if not packed:
                raise InvalidInput("body", "ends early")


def read_single(body: Readable, limits: Limits, spool: Path, content_type: str) -> Iterator[ReceivedPart]:
    """The body as the one part of this type that it is. The caller closes its file. Raises InvalidInput,
    StoreUnavailable."""
    file = cast(BinaryIO, tempfile.SpooledTemporaryFile(limits.memory_bytes, dir=str(spool)))  # noqa: SIM115
    try:
        size = 0
        while chunk := _chunk(body):
            size += len(chunk)
            if size <= limits.part_bytes:
                file.write(chunk)
            else:
                break
        if size == 0:
            raise InvalidInput("body", "is empty")
        oversized = size > limits.part_bytes
        if oversized:
            file.seek(min(limits.part_bytes, MIB))
            file.truncate()
        file.seek(0)
        part = ReceivedPart(content_type, file, min(size, limits.part_bytes), oversized)
    except OSError as error:
        file.close()
        raise StoreUnavailable("the spool folder failed") from error
    except BaseException:
        file.close()
        raise
    yield part


def _chunk(body: Readable) -> bytes:
    try:
        return body.read(READ_BYTES)
    except InvalidInput:
        raise
    except Exception as error:  # a web server raises various errors when the client goes away
        raise InvalidInput("body", "ended early") from error
