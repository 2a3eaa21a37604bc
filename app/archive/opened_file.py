"""A sealed object as a file that is read at a few places. What is read whole or in order is streamed by `sealed`."""

from __future__ import annotations

import io
import os

from app.archive.sealed import DataKey, SealedArchive


class OpenedFile(io.RawIOBase):
    """The plain object of `size` bytes. Each read opens the chunks that it needs."""

    def __init__(self, archive: SealedArchive, object_key: str, version: int, data_key: DataKey, size: int) -> None:
        self._archive, self._place, self._size, self._at = archive, (object_key, version, data_key), size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, count: int = -1, /) -> bytes:
        left = max(self._size - self._at, 0)
        count = left if count < 0 else min(count, left)
        found = self._archive.open_range(*self._place, self._at, count, size=self._size) if count else b""
        self._at += len(found)
        return found
