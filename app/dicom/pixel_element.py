"""Checks without reading pixels whether the Pixel Data element is complete. Frames are indexed in app/imaging."""

from __future__ import annotations

import struct
from typing import BinaryIO

from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

from app.dicom.refusals import Refusal
from app.dicom.status import CANNOT_UNDERSTAND, OUT_OF_RESOURCES
from app.errors import RefusedObject

MOST_FRAGMENTS = 1_000_000
_UNDEFINED = 0xFFFFFFFF
_ITEM = b"\xfe\xff\x00\xe0"
_DELIMITER = b"\xfe\xff\xdd\xe0"
_LONG_VRS = frozenset({b"OB", b"OW", b"OF", b"OD", b"OL", b"OV", b"UN"})


def check_pixels_complete(file: BinaryIO, offset: int, file_bytes: int, transfer_syntax_uid: str) -> None:
    """Raise RefusedObject when the element at `offset` claims more bytes than the file has (PS3.5 7.1, A.4)."""
    file.seek(offset)
    head = file.read(12)
    order = ">" if transfer_syntax_uid == ExplicitVRBigEndian else "<"
    short = transfer_syntax_uid == ImplicitVRLittleEndian or head[4:6] not in _LONG_VRS
    start = offset + (8 if short else 12)
    if start > offset + len(head):
        raise _truncated()
    (length,) = struct.unpack("<I", head[4:8]) if short else struct.unpack(f"{order}I", head[8:12])
    if length == _UNDEFINED:
        _walk_fragments(file, start, file_bytes)
    elif start + length > file_bytes:
        raise _truncated()


def _walk_fragments(file: BinaryIO, position: int, file_bytes: int) -> None:
    # The delimiter may be missing: when the last fragment is complete, no pixel is lost.
    fragments = 0
    while position < file_bytes:
        fragments += 1
        if fragments > MOST_FRAGMENTS:
            raise RefusedObject(Refusal.TOO_MANY_FRAGMENTS, OUT_OF_RESOURCES)
        file.seek(position)
        head = file.read(8)
        if head[:4] == _DELIMITER:
            return
        if len(head) < 8 or head[:4] != _ITEM:
            raise RefusedObject(Refusal.FRAGMENTS_BROKEN, CANNOT_UNDERSTAND)
        position += 8 + int.from_bytes(head[4:], "little")
    if position > file_bytes:
        raise _truncated()


def _truncated() -> RefusedObject:
    return RefusedObject(Refusal.PIXELS_TRUNCATED, CANNOT_UNDERSTAND)
