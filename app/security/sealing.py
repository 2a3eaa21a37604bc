"""Sealed objects: AES-256-GCM in chunks after the STREAM construction. Bytes in, bytes out, no files.

STREAM: Hoang, Reyhanitabar, Rogaway, Vizár, "Online Authenticated-Encryption and its Nonce-Reuse
Misuse-Resistance", CRYPTO 2015. Each chunk's nonce holds the chunk's number and whether it is the last chunk. So each
chunk can be opened alone, and chunks that are swapped, repeated, cut off or taken from elsewhere do not open.

    object = header | chunk …             chunk = ciphertext | tag (16)
    header = "CFS1" | data key id (16) | nonce prefix (7) | plain bytes a chunk (uint32, big endian; 0 = pack)
    nonce  = nonce prefix (7) | chunk number (uint32, big endian) | 1 for the last chunk, else 0
    associated data = header | object key (UTF-8) | version (uint32, big endian)

A plain object has chunks of equal size; the last chunk may be shorter. An empty object has one empty chunk. A *pack*
has one chunk of any size for each frame; its index is kept outside.
"""

import secrets
import struct
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.errors import UnsealError

MAGIC = b"CFS1"
TAG_BYTES = 16
CHUNK_BYTES = 65536
_HEADER = struct.Struct(">4s16s7sI")
HEADER_BYTES = _HEADER.size
_NONCE = struct.Struct(">7sI?")
DOES_NOT_OPEN = (InvalidTag, ValueError)
"""What the cipher raises for altered bytes, and for too few bytes."""

ReadRange = Callable[[int, int], bytes]
"""(start, length) -> bytes of the sealed object."""


class Header(NamedTuple):
    """The unencrypted head of a sealed object. Each chunk authenticates it."""

    key_id: UUID
    nonce_prefix: bytes
    chunk_bytes: int

    def to_bytes(self) -> bytes:
        """The header as 31 bytes."""
        return _HEADER.pack(MAGIC, self.key_id.bytes, self.nonce_prefix, self.chunk_bytes)

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Header":
        """Parse 31 bytes. Raises UnsealError when they are no header."""
        if len(raw) != HEADER_BYTES or not raw.startswith(MAGIC):
            raise UnsealError("not a sealed object")
        _, key_id, prefix, chunk_bytes = _HEADER.unpack(raw)
        return cls(UUID(bytes=key_id), prefix, chunk_bytes)


# Cached: building the cipher costs a fifth of opening a frame, and all frames of a series share one data key.
_cipher = lru_cache(maxsize=128)(AESGCM)


def seal(
    data_key: bytes,
    key_id: UUID,
    object_key: str,
    version: int,
    plain: Iterable[bytes],
    chunk_bytes: int = CHUNK_BYTES,
) -> Iterator[bytes]:
    """Yield header and sealed chunks of `plain`, which comes in pieces of any size."""
    if chunk_bytes < 1:
        raise ValueError("chunk_bytes must be positive")
    header = Header(key_id, secrets.token_bytes(7), chunk_bytes)
    yield header.to_bytes()
    yield from _seal_chunks(data_key, header, object_key, version, _rechunk(plain, chunk_bytes))


def seal_pack(data_key: bytes, key_id: UUID, object_key: str, version: int, frames: Iterable[bytes]) -> Iterator[bytes]:
    """Yield header and one sealed chunk per frame. There must be at least one frame."""
    header = Header(key_id, secrets.token_bytes(7), 0)
    yield header.to_bytes()
    yield from _seal_chunks(data_key, header, object_key, version, frames)


def open_frame(
    data_key: bytes,
    object_key: str,
    version: int,
    header: bytes,
    sealed_chunk: bytes | memoryview,
    index: int,
    last: bool,
) -> bytes:
    """Open one chunk alone. Raises UnsealError unless it is chunk `index` of exactly this object and version."""
    nonce = _NONCE.pack(header[20:27], index, last)
    try:
        return _cipher(data_key).decrypt(nonce, sealed_chunk, _associated(header, object_key, version))
    except DOES_NOT_OPEN:
        raise UnsealError(f"chunk {index} does not open") from None


def open_all(data_key: bytes, object_key: str, version: int, sealed: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the plain chunks of a whole object, which comes in pieces of any size. Each chunk is checked before it is
    yielded; raises UnsealError."""
    pieces = _Pieces(sealed)
    raw = pieces.take(HEADER_BYTES)
    header = _fixed_size(raw)
    index, chunk = 0, pieces.take(header.chunk_bytes + TAG_BYTES)
    while True:
        following = pieces.take(header.chunk_bytes + TAG_BYTES)
        yield open_frame(data_key, object_key, version, raw, chunk, index, last=not following)
        if not following:
            return
        index, chunk = index + 1, following


def open_range(
    read_range: ReadRange, plain_bytes: int, data_key: bytes, object_key: str, version: int, offset: int, length: int
) -> bytes:
    """The plain bytes [offset, offset + length), cut at the end of the object like a slice.

    `plain_bytes` is the size of the whole plain object. Reads the header, and then all needed chunks in one read.
    """
    if offset < 0 or length < 0 or plain_bytes < 0:
        raise ValueError("offset, length and size must not be negative")
    raw = read_range(0, HEADER_BYTES)
    chunk_bytes = _fixed_size(raw).chunk_bytes
    stride = chunk_bytes + TAG_BYTES
    last_index = max(plain_bytes - 1, 0) // chunk_bytes
    # For a range past the end the last chunk is opened, so that also an empty answer is authentic.
    first = min(offset // chunk_bytes, last_index)
    final = min(max(offset + length - 1, offset) // chunk_bytes, last_index)
    block = memoryview(read_range(HEADER_BYTES + first * stride, (final - first + 1) * stride))
    plain = []
    for index in range(first, final + 1):
        sealed_chunk = block[(index - first) * stride : (index - first + 1) * stride]
        plain.append(open_frame(data_key, object_key, version, raw, sealed_chunk, index, last=index == last_index))
    skip = offset - first * chunk_bytes
    whole = plain[0] if len(plain) == 1 else b"".join(plain)
    return whole[skip : skip + length]


def plain_size(sealed_bytes: int, header: bytes) -> int:
    """Size of the plain object, from its sealed size and its header. It is authentic only after a chunk was opened."""
    body = sealed_bytes - HEADER_BYTES
    chunks = -(-body // (_fixed_size(header).chunk_bytes + TAG_BYTES))
    if body < TAG_BYTES:
        raise UnsealError("cut within the first chunk")
    return body - chunks * TAG_BYTES


def _fixed_size(raw: bytes) -> Header:
    header = Header.from_bytes(raw)
    if header.chunk_bytes == 0:
        raise UnsealError("a pack is opened frame by frame")
    return header


def _associated(header: bytes, object_key: str, version: int) -> bytes:
    return header + object_key.encode() + version.to_bytes(4, "big")


def _seal_chunks(
    data_key: bytes, header: Header, object_key: str, version: int, chunks: Iterable[bytes]
) -> Iterator[bytes]:
    cipher, associated = _cipher(data_key), _associated(header.to_bytes(), object_key, version)
    iterator = iter(chunks)
    index, chunk = 0, next(iterator, None)
    if chunk is None:
        raise ValueError("a pack holds at least one frame")
    while True:
        following = next(iterator, None)
        yield cipher.encrypt(_NONCE.pack(header.nonce_prefix, index, following is None), chunk, associated)
        if following is None:
            return
        index, chunk = index + 1, following


def _rechunk(plain: Iterable[bytes], size: int) -> Iterator[bytes]:
    pieces = _Pieces(plain)
    yield pieces.take(size)
    while chunk := pieces.take(size):
        yield chunk


class _Pieces:
    """Reads an iterable of byte strings like a file. A piece of exactly the wanted size is not copied."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._rest = b""
        self._at = 0

    def take(self, size: int) -> bytes:
        """The next `size` bytes; fewer only at the end."""
        parts: list[bytes] = []
        missing = size
        while missing:
            if self._at == len(self._rest):
                following = next(self._pieces, None)
                if following is None:
                    break
                self._rest, self._at = following, 0
            whole = self._at == 0 and len(self._rest) <= missing
            part = self._rest if whole else self._rest[self._at : self._at + missing]
            self._at += len(part)
            missing -= len(part)
            parts.append(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)
