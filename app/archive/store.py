"""What an object store must do. The stores themselves: `local_store` (a folder) and `cloud_store` (S3, COS)."""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

Trace = Callable[[str], None]
"""Called at each durable step: `write`, `fsync-file`, `rename`, `fsync-folder`."""


class ObjectStore(Protocol):
    """Named byte strings. Every method raises `ArchiveError` (or a kind of it) when the store fails.

    An object appears whole or not at all. Keys come from `app.archive.keyspace`; others are refused.
    """

    def put(self, key: str, chunks: Iterable[bytes]) -> int:
        """Store an object and return its size in bytes. Durable on return; an older object of this key is replaced."""
        ...

    def put_many(self, items: Iterable[tuple[str, Iterable[bytes]]]) -> list[int]:
        """Store several objects at the price of about one: all are durable on return. After an error some may exist."""
        ...

    def read(self, key: str) -> bytes:
        """The whole object; `ObjectMissing`."""
        ...

    def read_range(self, key: str, start: int, length: int) -> bytes:
        """Bytes [start, start + length), fewer past the end; `ObjectMissing`."""
        ...

    def size(self, key: str) -> int:
        """Size in bytes; `ObjectMissing`."""
        ...

    def delete(self, key: str) -> None:
        """Remove the object; a missing one is no error."""
        ...

    def list(self, prefix: str) -> Iterator[tuple[str, int]]:
        """(key, size) of all objects whose key starts with `prefix`, in no order."""
        ...

    def remove_leftovers(self, not_after: float) -> int:
        """Delete pieces of objects whose writing a crash broke off, unchanged since `not_after` (seconds since the
        epoch); return how many. No other method ever shows them."""
        ...

    def probe(self) -> None:
        """Raise `ArchiveError` unless objects could be written now."""
        ...
