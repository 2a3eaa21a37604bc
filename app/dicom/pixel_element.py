"""The head of the Pixel Data element, whether the element is complete, and what lies behind it, without reading pixels.
Frames are indexed in app/imaging."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

from app.dicom.refusals import Refusal
from app.dicom.status import CANNOT_UNDERSTAND, OUT_OF_RESOURCES
from app.errors import RefusedObject

MOST_FRAGMENTS = 1_000_000
HEAD_BYTES = 12
_UNDEFINED = 0xFFFFFFFF
_ITEM = b"\xfe\xff\x00\xe0"
_DELIMITER = b"\xfe\xff\xdd\xe0"
_LONG_VRS = frozenset({b"OB", b"OW", b"OF", b"OD", b"OL", b"OV", b"UN"})


@dataclass(frozen=True)
class PixelHead:
    """`vr`: as the file says, None when it does not. `start`: where the value begins, in bytes from the element.
    `length`: bytes of the value, None for fragments."""

    vr: str | None
    start: int
    length: int | None

    @property
    def is_encapsulated(self) -> bool:
        return self.length is None


def read_pixel_head(head: bytes, transfer_syntax_uid: str) -> PixelHead:
    """Read the first HEAD_BYTES of a pixel element, or fewer at the end of a file. Raises RefusedObject."""
    order = ">" if transfer_syntax_uid == ExplicitVRBigEndian else "<"
    is_explicit = transfer_syntax_uid != ImplicitVRLittleEndian
    short = not is_explicit or head[4:6] not in _LONG_VRS
    start = 8 if short else HEAD_BYTES
    if start > len(head):
        raise _truncated()
    (length,) = struct.unpack("<I", head[4:8]) if short else struct.unpack(f"{order}I", head[8:12])
    return PixelHead(None if short else head[4:6].decode("ascii"), start, None if length == _UNDEFINED else int(length))


def check_pixels_complete(file: BinaryIO, offset: int, file_bytes: int, transfer_syntax_uid: str) -> None:
    """Raise RefusedObject when the element at `offset` claims more bytes than the file has (PS3.5 7.1, A.4)."""
    file.seek(offset)
    head = read_pixel_head(file.read(HEAD_BYTES), transfer_syntax_uid)
    if head.length is None:
        end_of_fragments(file, offset + head.start, file_bytes)
    elif offset + head.start + head.length > file_bytes:
        raise _truncated()


def end_of_fragments(file: BinaryIO, position: int, file_bytes: int, most: int | None = None) -> int:
    """The offset behind the delimiter of the fragments, of which one starts at `position`. Raises RefusedObject.

    The delimiter may be missing: when the last fragment is complete, no pixel is lost.
    """
    fragments = 0
    while position < file_bytes:
        fragments += 1
        if fragments > (MOST_FRAGMENTS if most is None else most):
            raise RefusedObject(Refusal.TOO_MANY_FRAGMENTS, OUT_OF_RESOURCES)
        file.seek(position)
        head = file.read(8)
        if head[:4] == _DELIMITER:
            return position + 8
        if len(head) < 8 or head[:4] != _ITEM:
            raise RefusedObject(Refusal.FRAGMENTS_BROKEN, CANNOT_UNDERSTAND)
        position += 8 + int.from_bytes(head[4:], "little")
    if position > file_bytes:
        raise _truncated()
    return position


def _truncated() -> RefusedObject:
    return RefusedObject(Refusal.PIXELS_TRUNCATED, CANNOT_UNDERSTAND)
