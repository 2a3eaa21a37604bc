"""Whether two Part-10 files hold the same instance. Each door wraps and encodes the same data set differently.

A file sent by C-STORE gets a new file meta group, and senders rewrite lengths and padding. This file compares the
transfer syntax, the elements before the pixels, and the pixels' bytes (PS3.5 7.2, 7.5: group lengths and length forms
are encoding, not content). app/services/archive decides what happens to a twin.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Callable
from enum import StrEnum
from typing import BinaryIO

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from app.dicom.element_values import text_of
from app.dicom.part10 import HeaderLimits, ParsedFile, parse, vr_of
from app.errors import RefusedObject

_TRAILING_PADDING = 0xFFFCFFFC
_READ_BYTES = 1024 * 1024
_ONE_TEXT = frozenset({"LT", "ST", "UR", "UT"})
_TEXTS = _ONE_TEXT | {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "PN", "SH", "TM", "UC", "UI"}
_SHAPE = (
    "Rows",
    "Columns",
    "NumberOfFrames",
    "SamplesPerPixel",
    "BitsAllocated",
    "BitsStored",
    "PixelRepresentation",
    "PlanarConfiguration",
)
"""How the bytes of pixels are to be read."""
_LONGEST = 128
_ABOUT_THE_DOCUMENT = frozenset({0x0008, 0x0010, 0x0012, 0x0018, 0x0020, 0x0032, 0x0038})
_ORDERED = frozenset(range(0x00400001, 0x00400400)) | frozenset(range(0x00401001, 0x00402100))
"""Scheduled and performed steps, the request (PS3.3 C.4.10 to C.4.14)."""
_PADDED = re.compile(rb"[ \0]*\\[ \0]*")


class Likeness(StrEnum):
    """How much of one instance another file holds."""

    SAME = "same"
    """The same data set."""
    SAME_PIXELS = "same_pixels"
    """Another header over the same pixels; without pixels, over the same document."""
    OTHER_CODING = "other_coding"
    """Pixels in other bytes: whether they are the same, only decoding tells."""
    OTHER = "other"


def likeness(mine: BinaryIO, other: BinaryIO, limits: HeaderLimits) -> Likeness:
    """Both were parsed before; when one no longer parses, the two are not alike.

    They are parsed anew, so that the elements of both are bytes still: to convert a value that anybody wrote, only to
    compare it, could take a hundred times its room.
    """
    try:
        my_header, other_header = parse(mine, limits), parse(other, limits)
    except RefusedObject:
        return Likeness.OTHER
    if _has_pixels(my_header) != _has_pixels(other_header) or not _same(my_header, other_header, ("SOPClassUID",)):
        return Likeness.OTHER
    same_coding = (
        my_header.transfer_syntax_uid == other_header.transfer_syntax_uid
        and my_header.pixel_tag == other_header.pixel_tag
        and _pixels(mine, my_header) == _pixels(other, other_header)
    )
    if same_coding and _elements(my_header.dataset) == _elements(other_header.dataset):
        return Likeness.SAME
    if not _has_pixels(my_header):
        mine_said, theirs = (_elements(header.dataset, _is_document) for header in (my_header, other_header))
        return Likeness.SAME_PIXELS if mine_said == theirs else Likeness.OTHER
    return Likeness.SAME_PIXELS if same_coding and _same(my_header, other_header, _SHAPE) else Likeness.OTHER_CODING


def _has_pixels(header: ParsedFile) -> bool:
    return header.pixel_tag is not None or header.pixel_offset is not None or "Rows" in header.dataset


def _same(mine: ParsedFile, other: ParsedFile, keywords: tuple[str, ...]) -> bool:
    """A value that cannot be read is like no other."""
    try:
        return all(
            text_of(mine.dataset, keyword, _LONGEST) == text_of(other.dataset, keyword, _LONGEST)
            for keyword in keywords
        )
    except MemoryError:
        raise
    except Exception:  # a value of a wrong length or an unknown VR may raise anything
        return False


def _is_document(tag: BaseTag) -> bool:
    """What an object without pixels says, without whom it is of, who ordered it, and where it stands."""
    return not tag.is_private and tag.group not in _ABOUT_THE_DOCUMENT and tag not in _ORDERED


def _elements(dataset: Dataset, counts: Callable[[BaseTag], bool] = lambda tag: True) -> bytes:
    """A digest of tags, VRs and values without padding; sequences are taken item by item."""
    digest = hashlib.sha256()
    for tag in sorted(dataset.keys()):
        if tag.element == 0 or tag == _TRAILING_PADDING or not counts(tag):
            continue
        element = dataset.get_item(tag, keep_deferred=True)  # else pydicom converts an empty one of an unknown VR
        if isinstance(element, RawDataElement):
            vr = vr_of(dataset, element)
            pieces = [vr.encode(), _unpadded(vr, element.value or b"")]
        elif element.VR == "SQ":
            pieces = [b"SQ", *(_elements(item) for item in element.value)]
        else:  # already converted while the header was parsed: equal bytes gave equal values
            pieces = [element.VR.encode(), str(element.value).encode(errors="replace")]
        for piece in (struct.pack(">IQ", tag, len(pieces)), *pieces):
            digest.update(struct.pack(">Q", len(piece)) + piece)
    return digest.digest()


def _unpadded(vr: str, value: bytes) -> bytes:
    """The value without padding (PS3.5 6.2): spaces for text, a zero for UIDs. Each of several values may be padded."""
    if vr not in _TEXTS:
        return value
    return (value if vr in _ONE_TEXT else _PADDED.sub(rb"\\", value)).strip(b" \0")


def _pixels(file: BinaryIO, header: ParsedFile) -> bytes:
    """A digest of the pixel element. For a deflated file, a digest of the whole file: its pixels have no offset."""
    digest = hashlib.sha256()
    if header.pixel_offset is None and header.pixel_tag is None:
        return digest.digest()
    file.seek(header.pixel_offset or 0)
    while piece := file.read(_READ_BYTES):
        digest.update(piece)
    return digest.digest()
