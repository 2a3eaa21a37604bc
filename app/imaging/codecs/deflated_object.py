"""Native frames out of a Part-10 file whose whole data set is deflated (PS3.5 A.5), inflated once. No pydicom here:
decoding children do it. How much may come of it was judged at ingest and is judged again.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from app.dicom.pixel_tags import PIXEL_TAGS
from app.imaging.codecs.decode import inflate
from app.imaging.errors import UndecodableFrame
from app.imaging.header.frame_index import native_pieces
from app.imaging.header.image_header import ImageHeader

MOST_INFLATED_BYTES = 256 * 1024 * 1024
_META_START, _META_HEAD, _UNDEFINED = 132, 12, 0xFFFFFFFF
_LONG_VRS = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD


@dataclass(frozen=True)
class InflatedObject:
    """The data set in clear, and where in it the pixels lie."""

    plain: bytes
    start: int
    length: int

    def frame(self, header: ImageHeader, number: int) -> bytes:
        """The bytes of frame `number`, from 0; empty when they are not there whole."""
        pieces = native_pieces(header, number, self.start, self.length)
        return b"".join(self.plain[start : start + length] for start, length in pieces)


def inflated_object(part10: bytes, pixel_keyword: str) -> InflatedObject:
    """Raises UndecodableFrame when there are no such pixels, or more than is taken; MemoryError."""
    try:
        plain = inflate(part10[_data_set_start(part10) :], MOST_INFLATED_BYTES)
        return InflatedObject(plain, *_pixels(plain, pixel_keyword))
    except UndecodableFrame:
        raise
    except Exception as error:  # zlib.error, struct.error: bytes that are no such file
        raise UndecodableFrame(f"deflated object: {type(error).__name__}") from None


def _data_set_start(part10: bytes) -> int:
    """Behind the File Meta Information, whose first element tells its length (PS3.10 7.1)."""
    tag, (length,) = part10[_META_START : _META_START + 4], struct.unpack_from("<I", part10, _META_START + 8)
    if part10[128:132] != b"DICM" or tag != b"\x02\x00\x00\x00":
        raise UndecodableFrame("deflated object: no length of the meta information")
    return _META_START + _META_HEAD + int(length)


def _pixels(plain: bytes, pixel_keyword: str) -> tuple[int, int]:
    """Offset and length of the pixels' value. Sequences of undefined length are walked through, others passed over."""
    at, depth = 0, 0
    while at + 8 <= len(plain):
        group, element, length = struct.unpack_from("<HHI", plain, at)
        tag, at = group << 16 | element, at + 8
        if tag in (_ITEM_END, _SEQUENCE_END):
            depth -= 1
            continue
        if tag != _ITEM:
            length, at = _length(plain, at, length)
        if depth == 0 and PIXEL_TAGS.get(tag) == pixel_keyword and length != _UNDEFINED:
            return at, min(length, len(plain) - at)
        depth, at = (depth + 1, at) if length == _UNDEFINED else (depth, at + length)
    raise UndecodableFrame("deflated object: it holds no pixels")


def _length(plain: bytes, at: int, short: int) -> tuple[int, int]:
    """Of an element with explicit VR (PS3.5 7.1.2), and where its value starts; `at`: behind eight bytes of head."""
    if plain[at - 4 : at - 2] in _LONG_VRS:
        return int(struct.unpack_from("<I", plain, at)[0]), at + 4
    return short >> 16, at
