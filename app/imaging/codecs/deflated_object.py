"""Native frames of a Part-10 file whose whole data set is deflated (PS3.5 A.5). The file is inflated once.

Decoding children run this code, so it does not use pydicom. It checks the inflated size again, although ingest did.
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
    """The inflated data set. `start` and `length`: where its pixels are, in bytes."""

    plain: bytes
    start: int
    length: int

    def frame(self, header: ImageHeader, number: int) -> bytes:
        """The bytes of frame `number`, from 0; empty when the frame is not complete."""
        pieces = native_pieces(header, number, self.start, self.length)
        return b"".join(self.plain[start : start + length] for start, length in pieces)


def inflated_object(part10: bytes, pixel_keyword: str) -> InflatedObject:
    """Inflate a file and find its pixels.

    Raises UndecodableFrame when the file has no such pixels or inflates to more than MOST_INFLATED_BYTES; MemoryError.
    """
    try:
        plain = inflate(part10[_data_set_start(part10) :], MOST_INFLATED_BYTES)
        return InflatedObject(plain, *_pixels(plain, pixel_keyword))
    except UndecodableFrame:
        raise
    except Exception as error:  # zlib.error, struct.error: the bytes are no deflated file
        raise UndecodableFrame(f"deflated object: {type(error).__name__}") from None


def _data_set_start(part10: bytes) -> int:
    """The offset behind the File Meta Information, whose first element tells its length (PS3.10 7.1)."""
    tag, (length,) = part10[_META_START : _META_START + 4], struct.unpack_from("<I", part10, _META_START + 8)
    if part10[128:132] != b"DICM" or tag != b"\x02\x00\x00\x00":
        raise UndecodableFrame("deflated object: no length of the meta information")
    return _META_START + _META_HEAD + int(length)


def _pixels(plain: bytes, pixel_keyword: str) -> tuple[int, int]:
    """Offset and length of the pixels' value. The search enters sequences of undefined length, and skips the rest."""
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
    """Length of an element with explicit VR, and where its value starts (PS3.5 7.1.2).

    `at`: the offset behind the first eight bytes of the element; `short`: the last four of them as a number.
    """
    if plain[at - 4 : at - 2] in _LONG_VRS:
        return int(struct.unpack_from("<I", plain, at)[0]), at + 4
    return short >> 16, at
