"""Sealed objects on a store: what callers use. The cipher is in `app.security.sealing`, the files in the stores.

Reading a prepared frame costs one `read_range` and one decryption: everything else it needs is in its `PackEntry`.
"""

import hashlib
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple
from uuid import UUID

from app.archive.store import ObjectStore
from app.errors import UnsealError
from app.security import sealing

_BLOCK_BYTES = 16 * (sealing.CHUNK_BYTES + sealing.TAG_BYTES)


@dataclass(frozen=True)
class DataKey:
    """A study's key, unwrapped: 32 secret bytes and the id that stands in every object's header."""

    id: UUID
    key: bytes = field(repr=False)


class StoredObject(NamedTuple):
    """What was stored: size in bytes and SHA-256 (hex) of the plain bytes."""

    size: int
    sha256: str


class SealRequest(NamedTuple):
    """One object for `SealedArchive.put_many`; `chunks` are plain bytes in pieces of any size."""

    object_key: str
    version: int
    data_key: DataKey
    chunks: Iterable[bytes]


@dataclass(frozen=True, slots=True)
class PackEntry:
    """Where one frame of a pack lies, and what its nonce and associated data need."""

    header: bytes
    offset: int
    length: int
    index: int
    last: bool

    @property
    def is_empty(self) -> bool:
        return self.length <= sealing.TAG_BYTES

    @property
    def plain_length(self) -> int:
        """Bytes of the frame itself."""
        return max(0, self.length - sealing.TAG_BYTES)


class PackIndex:
    """The frames of a pack in order; `to_bytes` (31 + 4 a frame) goes into the database. Holds nothing secret."""

    def __init__(self, header: bytes, lengths: Sequence[int]) -> None:
        self._header = header
        self._lengths = tuple(lengths)
        self._offsets = tuple(accumulate(self._lengths, initial=sealing.HEADER_BYTES))

    def __len__(self) -> int:
        return len(self._lengths)

    def __getitem__(self, index: int) -> PackEntry:
        """The entry of frame `index`, from 0. Raises `IndexError`."""
        if not 0 <= index < len(self._lengths):
            raise IndexError(index)
        return PackEntry(
            self._header, self._offsets[index], self._lengths[index], index, index == len(self._lengths) - 1
        )

    def to_bytes(self) -> bytes:
        return self._header + struct.pack(f">{len(self._lengths)}I", *self._lengths)

    @classmethod
    def from_bytes(cls, raw: bytes) -> "PackIndex":
        """`UnsealError` when the bytes are no pack index."""
        header, body = raw[: sealing.HEADER_BYTES], raw[sealing.HEADER_BYTES :]
        if sealing.Header.from_bytes(header).chunk_bytes != 0 or not body or len(body) % 4:
            raise UnsealError("not a pack index")
        return cls(header, struct.unpack(f">{len(body) // 4}I", body))


class SealedArchive:
    """Seals on the way into a store and opens on the way out. Raises `ArchiveError`, `UnsealError`, `ObjectMissing`."""

    def __init__(self, store: ObjectStore) -> None:
        self.store = store

    def put(self, object_key: str, version: int, data_key: DataKey, chunks: Iterable[bytes]) -> StoredObject:
        """Seal and store plain `chunks` (pieces of any size); durable on return."""
        return self.put_many([SealRequest(object_key, version, data_key, chunks)])[0]

    def put_many(self, requests: Iterable[SealRequest]) -> list[StoredObject]:
        """As `put`, for a batch that waits for the disk once. After an error none of them counts as stored."""
        measures: list[_Measure] = []

        def sealed() -> Iterator[tuple[str, Iterator[bytes]]]:
            for object_key, version, data_key, chunks in requests:
                measures.append(measure := _Measure(chunks))
                yield object_key, sealing.seal(data_key.key, data_key.id, object_key, version, measure)

        self.store.put_many(sealed())
        return [measure.result() for measure in measures]

    def open(self, object_key: str, version: int, data_key: DataKey) -> bytes:
        """The whole plain object."""
        return b"".join(self.stream(object_key, version, data_key))

    def stream(self, object_key: str, version: int, data_key: DataKey) -> Iterator[bytes]:
        """The plain object in pieces, each authenticated; only after the last one is it known to be whole."""
        return sealing.open_all(data_key.key, object_key, version, self._blocks(object_key))

    def open_range(
        self, object_key: str, version: int, data_key: DataKey, offset: int, length: int, size: int | None = None
    ) -> bytes:
        """Plain bytes [offset, offset + length). With the plain `size` given, the store is not asked for it."""

        def read_range(start: int, count: int) -> bytes:
            return self.store.read_range(object_key, start, count)

        if size is None:
            size = sealing.plain_size(self.store.size(object_key), read_range(0, sealing.HEADER_BYTES))
        return sealing.open_range(read_range, size, data_key.key, object_key, version, offset, length)

    def put_pack(self, object_key: str, version: int, data_key: DataKey, frames: Iterable[bytes]) -> PackIndex:
        """Seal frames of any size, as they come, into one object, each to be opened alone; durable on return."""
        pack = _Pack(sealing.seal_pack(data_key.key, data_key.id, object_key, version, frames))
        self.store.put(object_key, pack)
        return pack.index()

    def read_entry(self, object_key: str, version: int, data_key: DataKey, entry: PackEntry) -> bytes:
        """One frame of a pack."""
        chunk = self.store.read_range(object_key, entry.offset, entry.length)
        return sealing.open_frame(data_key.key, object_key, version, entry.header, chunk, entry.index, entry.last)

    def _blocks(self, object_key: str) -> Iterator[bytes]:
        for start in range(0, self.store.size(object_key), _BLOCK_BYTES):
            yield self.store.read_range(object_key, start, _BLOCK_BYTES)


class _Measure:
    """Passes chunks through and keeps their size and SHA-256."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self._size = 0
        self._hash = hashlib.sha256()

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self._size += len(chunk)
            self._hash.update(chunk)
            yield chunk

    def result(self) -> StoredObject:
        return StoredObject(self._size, self._hash.hexdigest())


class _Pack:
    """Passes a pack's header and chunks through and keeps what its index needs."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        self._parts = parts
        self._header = b""
        self._lengths: list[int] = []

    def __iter__(self) -> Iterator[bytes]:
        for part in self._parts:
            if self._header:
                self._lengths.append(len(part))
            else:
                self._header = part
            yield part

    def index(self) -> PackIndex:
        return PackIndex(self._header, self._lengths)
