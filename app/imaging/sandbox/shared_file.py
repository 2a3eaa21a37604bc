"""Lends an open file to a child: a descriptor that reads the same bytes, cannot write them, and has a place of its own.

A large file is never copied. What is in memory only is copied once, into memory that both processes see.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

_COPIED_BYTES = 16 * 1024 * 1024
"""A temporary file of no more than this may be in memory yet: to ask for its descriptor would put it on the disk."""
_PIECE_BYTES = 1024 * 1024


@contextmanager
def lent(file: BinaryIO) -> Iterator[int]:
    """A descriptor for a child, open as long as the context. The file's own place is kept by real files, and lost by
    those in memory. Raises OSError."""
    descriptor = _reopened(file.fileno()) if _is_on_disk(file) else _copy(file)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _is_on_disk(file: BinaryIO) -> bool:
    if isinstance(file, io.BytesIO):
        return False
    if not isinstance(file, io.BufferedReader | io.BufferedRandom) and file.seek(0, os.SEEK_END) <= _COPIED_BYTES:
        return False
    file.flush()
    return True


def _reopened(descriptor: int) -> int:
    """A second opening of the same file has a place of its own, and may be for reading alone."""
    return os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY | os.O_CLOEXEC)


def _copy(file: BinaryIO) -> int:
    written = os.memfd_create("object")
    try:
        if isinstance(file, io.BytesIO):
            with file.getbuffer() as data:
                _write(written, data)
        else:
            file.seek(0)
            while piece := file.read(_PIECE_BYTES):
                _write(written, memoryview(piece))
        return _reopened(written)
    finally:
        os.close(written)


def _write(descriptor: int, data: memoryview) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
