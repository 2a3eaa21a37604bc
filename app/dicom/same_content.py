"""Whether two Part-10 files hold the same instance. Each door wraps and encodes the same data set differently.

A file sent by C-STORE gets a new file meta group, and senders rewrite lengths and padding. This file compares the
transfer syntax, the elements before the pixels, and the pixels' bytes (PS3.5 7.2, 7.5: group lengths and length forms
are encoding, not content). app/services/archive decides what happens to a twin.
"""

from __future__ import annotations

import hashlib
import re
import struct
from typing import BinaryIO

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

from app.dicom.part10 import HeaderLimits, ParsedFile, parse, vr_of
from app.errors import RefusedObject

_TRAILING_PADDING = 0xFFFCFFFC
_READ_BYTES = 1024 * 1024
_ONE_TEXT = frozenset({"LT", "ST", "UR", "UT"})
_TEXTS = _ONE_TEXT | {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "PN", "SH", "TM", "UC", "UI"}
_PADDED = re.compile(rb"[ \0]*\\[ \0]*")


def same_instance(mine: BinaryIO, other: BinaryIO, limits: HeaderLimits) -> bool:
    """Whether both files hold the same instance. False when one of them cannot be parsed any more.

    Both files are parsed again, so that their elements are still bytes. To convert values only for a comparison could
    take a hundred times their memory.
    """
    try:
        my_header, other_header = parse(mine, limits), parse(other, limits)
    except RefusedObject:
        return False
    return (
        my_header.transfer_syntax_uid == other_header.transfer_syntax_uid
        and my_header.pixel_tag == other_header.pixel_tag
        and _elements(my_header.dataset) == _elements(other_header.dataset)
        and _pixels(mine, my_header) == _pixels(other, other_header)
    )


def _elements(dataset: Dataset) -> bytes:
    """A digest of tags, VRs and values without padding; sequences are taken item by item."""
    digest = hashlib.sha256()
    for tag in sorted(dataset.keys()):
        if tag.element == 0 or tag == _TRAILING_PADDING:
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
