"""The elements behind the pixels (digital signatures, private groups above 7FE0), which `part10` does not read.

Nothing checked them when the object was received, so they are read within the same limits and may be refused alone.
"""

from __future__ import annotations

import io
import os
from typing import BinaryIO, cast

from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset, read_partial
from pydicom.tag import BaseTag

from app.dicom.bounded_reading import BoundedReader, Budget, Deflated, inflate
from app.dicom.part10 import HeaderLimits, check_elements
from app.dicom.pixel_element import HEAD_BYTES, end_of_fragments, read_pixel_head
from app.dicom.pixel_tags import PIXEL_TAGS
from app.dicom.refusals import Refusal
from app.dicom.status import CANNOT_UNDERSTAND, OUT_OF_RESOURCES
from app.errors import RefusedObject

_ELEMENT_HEAD = 8
MOST_FRAGMENTS = 10_000
"""Fragments that are passed one by one, each at the cost of a read from the store."""


def bytes_behind(file: BinaryIO, offset: int, transfer_syntax_uid: str, limits: HeaderLimits, skip: int = 0) -> bytes:
    """What lies behind the pixel element at `offset`; mostly nothing. Nothing of it is parsed. Raises RefusedObject.

    `skip`: the offset of a fragment or of the delimiter, where that is known to lie behind the first.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(offset)
    head = read_pixel_head(file.read(HEAD_BYTES), transfer_syntax_uid)
    if head.length is None:
        end = end_of_fragments(file, max(offset + head.start, skip), size, MOST_FRAGMENTS)
    else:
        end = offset + head.start + head.length
    if size - end > limits.header_bytes:
        raise RefusedObject(Refusal.HEADER_TOO_LARGE, OUT_OF_RESOURCES)
    file.seek(end)
    return file.read(max(size - end, 0))


def elements_behind_deflated(part10: bytes, order: tuple[bool, bool], limits: HeaderLimits) -> Dataset:
    """The same for a file whose whole data set is deflated. Raises RefusedObject."""
    file, budget = io.BytesIO(part10), Budget(limits.header_bytes, limits.reads)
    try:
        read_partial(cast(BinaryIO, BoundedReader(file, budget)))
    except Deflated as found:
        plain = inflate(file, found.start, limits.inflated_bytes)
        reader = cast(BinaryIO, BoundedReader(plain, budget))
        read_dataset(reader, is_implicit_VR=False, is_little_endian=True, stop_when=_is_pixels)
        return elements_of(bytes_behind(plain, plain.tell(), "", limits), order, limits)
    return Dataset()


def _is_pixels(tag: BaseTag, _vr: str | None, _length: int) -> bool:
    return int(tag) in PIXEL_TAGS


def elements_of(tail: bytes, order: tuple[bool, bool], limits: HeaderLimits) -> Dataset:
    """The elements of `bytes_behind`. `order`: whether the VR is implicit, and whether bytes are little endian. Raises
    RefusedObject."""
    if len(tail) < _ELEMENT_HEAD:
        return Dataset()  # a pad byte
    budget = Budget(limits.header_bytes, limits.reads)
    try:
        found = read_dataset(cast(BinaryIO, BoundedReader(io.BytesIO(tail), budget)), *order)
        check_elements(found, budget, limits, limits.nesting, is_of_file=True)
    except RefusedObject:
        raise
    except Exception:  # as in `part10`: the parser may raise anything
        raise RefusedObject(Refusal.HEADER_UNREADABLE, CANNOT_UNDERSTAND) from None
    for tag in [tag for tag in found.keys() if int(tag) in PIXEL_TAGS or tag.group < 0x7FE0]:  # noqa: SIM118
        del found[tag]
    return found
