"""Copies objects from one store to another in batches, with the SHA-256 of what passed. What is copied is decided by
`making` and `restoring`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from itertools import islice

from app.archive.store import ObjectStore
from app.errors import ObjectMissing
from app.services.backup.folder import Sum

Step = Callable[[int], object]
Progress = Callable[[str, int | None], AbstractContextManager[Step]]
"""`progress(what, how many or None)` shows a bar; its step takes how many objects were done."""

BATCH_OBJECTS = 64
BLOCK_BYTES = 4 * 1024 * 1024


def copied(keys: Iterable[str], source: ObjectStore, target: ObjectStore) -> Iterator[tuple[dict[str, Sum], list[str]]]:
    """Batch by batch: the sums of the objects that are durable in `target`, and the keys that `source` lacks.

    Raises ArchiveError when one of the stores fails.
    """
    remaining = iter(keys)
    while batch := list(islice(remaining, BATCH_OBJECTS)):
        there = [key for key in batch if _is_there(source, key)]
        try:
            yield _copy(there, source, target), [key for key in batch if key not in there]
        except ObjectMissing:  # one was deleted in between
            for key in there:
                yield _copied_alone(key, source, target)


def sum_of(store: ObjectStore, key: str) -> Sum:
    """Read an object whole. Raises ObjectMissing."""
    passing = _Passing(store, key)
    for _ in passing:
        pass
    return passing.sum()


def _copy(keys: list[str], source: ObjectStore, target: ObjectStore) -> dict[str, Sum]:
    passing = {key: _Passing(source, key) for key in keys}
    if passing:
        target.put_many(passing.items())
    return {key: each.sum() for key, each in passing.items()}


def _copied_alone(key: str, source: ObjectStore, target: ObjectStore) -> tuple[dict[str, Sum], list[str]]:
    try:
        return _copy([key], source, target), []
    except ObjectMissing:
        return {}, [key]


def _is_there(store: ObjectStore, key: str) -> bool:
    try:
        store.size(key)
    except ObjectMissing:
        return False
    return True


class _Passing:
    """The pieces of an object, measured while they pass."""

    def __init__(self, store: ObjectStore, key: str) -> None:
        self._store, self._key = store, key
        self._size, self._digest = 0, hashlib.sha256()

    def __iter__(self) -> Iterator[bytes]:
        while block := self._store.read_range(self._key, self._size, BLOCK_BYTES):
            self._size += len(block)
            self._digest.update(block)
            yield block
            if len(block) < BLOCK_BYTES:
                return

    def sum(self) -> Sum:
        return Sum(self._size, self._digest.hexdigest())
