"""Whether two Part-10 files hold the same instance: doors wrap and encode the same data set differently.

A file sent by C-STORE gets a new file meta group, and senders rewrite lengths and padding. What counts is the transfer
syntax, the elements before the pixels, and the pixels' bytes (PS3.5 7.2, 7.5: group lengths and length forms are
encoding, not content).
"""

from __future__ import annotations

import hashlib
from typing import BinaryIO

from pydicom.dataset import Dataset

from app.dicom.part10 import HeaderLimits, ParsedFile, parse
from app.errors import RefusedObject

_TRAILING_PADDING = 0xFFFCFFFC
_READ_BYTES = 1024 * 1024


def same_instance(mine: BinaryIO, my_header: ParsedFile, other: BinaryIO, limits: HeaderLimits) -> bool:
    """`other` was stored, so it has been parsed before; when it no longer parses, the two are not the same."""
    try:
        other_header = parse(other, limits)
        return (
            my_header.transfer_syntax_uid == other_header.transfer_syntax_uid
            and my_header.pixel_tag == other_header.pixel_tag
            and _elements(my_header.dataset) == _elements(other_header.dataset)
            and _pixels(mine, my_header) == _pixels(other, other_header)
        )
    except RefusedObject:
        return False
    except Exception:  # values are converted for the first time here and may be anything; doubt is a difference
        return False


def _elements(dataset: Dataset) -> Dataset:
    kept = Dataset()
    for element in dataset:
        if element.tag.element != 0 and element.tag != _TRAILING_PADDING:
            kept.add(element)
    return kept


def _pixels(file: BinaryIO, header: ParsedFile) -> bytes:
    """A digest of the pixel element; of a deflated file, whose pixels have no place of their own, of all its bytes."""
    digest = hashlib.sha256()
    if header.pixel_offset is None and header.pixel_tag is None:
        return digest.digest()
    file.seek(header.pixel_offset or 0)
    while piece := file.read(_READ_BYTES):
        digest.update(piece)
    return digest.digest()
