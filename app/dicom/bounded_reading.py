"""Gives pydicom a file to read within a budget, but never in one read to the end. `part10` judges what was read."""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass
from typing import BinaryIO

from app.dicom.refusals import Refusal
from app.dicom.status import CANNOT_UNDERSTAND, OUT_OF_RESOURCES
from app.errors import RefusedObject

# pydicom looks for the end of a value of undefined length in blocks of this size. The last block may be shorter.
_SEARCH_BLOCK = 8192
_READ_BYTES = 65536
_INFLATED_AT_ONCE = 1024 * 1024


@dataclass(slots=True)
class Budget:
    """What parsing may still cost. An element takes two reads, so `reads_left` also limits the number of elements."""

    bytes_left: int
    reads_left: int


class Deflated(Exception):
    """The rest of the file, from `start` on, is one deflated data set."""

    def __init__(self, start: int) -> None:
        self.start = start
        super().__init__(start)


class BoundedReader:
    """A file that refuses reads beyond its budget. `strict`: the file may end only where an element would start; an end
    elsewhere means a truncated file."""

    def __init__(self, file: BinaryIO, budget: Budget, *, strict: bool = True) -> None:
        self._read = file.read
        self._budget = budget
        self._strict = strict
        self.seek = file.seek
        self.tell = file.tell

    def read(self, count: int = -1) -> bytes:
        if count < 0:  # pydicom reads to the end only to inflate the rest, without a limit
            raise Deflated(self.tell())
        budget = self._budget
        data = self._read(min(count, budget.bytes_left + 1))
        budget.bytes_left -= len(data)
        budget.reads_left -= 1
        if budget.bytes_left < 0 or budget.reads_left < 0:
            raise RefusedObject(Refusal.HEADER_TOO_LARGE, OUT_OF_RESOURCES)
        if len(data) != count and self._strict:
            # At the start of an element pydicom reads the 8 bytes of its head, or peeks at 1 byte.
            at_border = not data and count in (1, 8)
            if not at_border and count != _SEARCH_BLOCK:
                raise RefusedObject(Refusal.HEADER_TRUNCATED, CANNOT_UNDERSTAND)
        return data


def inflate(file: BinaryIO, start: int, limit: int) -> BinaryIO:
    """The inflated data set; its deflated bytes begin at `start` (PS3.5 A.5).

    Raises RefusedObject beyond `limit` inflated bytes, and for truncated data.
    """
    file.seek(start)
    inflater, plain = zlib.decompressobj(-zlib.MAX_WBITS), io.BytesIO()
    while not inflater.eof and (block := file.read(_READ_BYTES)):
        is_full = True
        # At the end of the stream the rest, a pad byte say, stays unconsumed for ever. A step that gave all it may has
        # more to give, also when its input is used up.
        while (block or is_full) and not inflater.eof:
            is_full = plain.write(inflater.decompress(block, _INFLATED_AT_ONCE)) == _INFLATED_AT_ONCE
            block = inflater.unconsumed_tail
            if plain.tell() > limit:
                raise RefusedObject(Refusal.INFLATES_TOO_LARGE, OUT_OF_RESOURCES)
    if not inflater.eof:
        raise RefusedObject(Refusal.DEFLATED_TRUNCATED, CANNOT_UNDERSTAND)
    plain.seek(0)
    return plain
