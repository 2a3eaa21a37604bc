"""Packed files that are written once: readable by their owner only, durable when the block ends."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

QUICK = 1
"""The level of packing: a backup waits for disks, not for the last tenth of their room."""


@contextmanager
def packed_new(path: Path) -> Iterator[gzip.GzipFile]:
    """A new file to write into. Raises OSError, and FileExistsError when it exists."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=QUICK, mtime=0) as packed:
            yield packed
        file.flush()
        os.fsync(file.fileno())


def packed(path: Path) -> gzip.GzipFile:
    """The file to read from. Raises OSError, also for a damaged one while it is read."""
    return gzip.GzipFile(path, "rb")
