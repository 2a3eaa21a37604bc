"""Parses a received Part-10 file up to its pixels, within limits. `header_fields` reads the values of the header.

The sender is not trusted: lengths are claims, nesting may be endless, deflated data may be bombs. Every fault ends as
RefusedObject with a fixed phrase, which quotes no text of the file.
"""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

import pydicom
from pydicom.datadict import dictionary_has_tag
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.filereader import read_dataset, read_partial, read_sequence
from pydicom.hooks import raw_element_vr
from pydicom.tag import BaseTag

from app.dicom.bounded_reading import BoundedReader, Budget, Deflated, inflate
from app.dicom.element_values import value_of
from app.dicom.pixel_element import check_pixels_complete
from app.dicom.pixel_tags import PIXEL_TAGS
from app.dicom.refusals import Refusal
from app.dicom.status import CANNOT_UNDERSTAND, MIB, OUT_OF_RESOURCES
from app.errors import RefusedObject

_ELEMENT_HEAD, _UNDEFINED = 8, 0xFFFFFFFF
# Limits on character sets: each label becomes an object, and each piece of a text is tried with all labels.
_CHARACTER_SETS, _MOST_CHARACTER_SETS, _CHARACTER_SETS_BYTES = 0x00080005, 64, 1024
# Values of these VRs stay bytes or one text. Each value of another VR becomes a list of objects.
_BULK = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN", "UR", "UT", "SQ"})
# Values are stored as they came. pydicom must not check each value, nor quote it in a warning.
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE


@dataclass(frozen=True)
class HeaderLimits:
    """The limits of an object. An object that exceeds a limit is refused. Sizes are in bytes."""

    file_bytes: int = 2048 * MIB
    header_bytes: int = 256 * MIB
    inflated_bytes: int = 256 * MIB
    value_bytes: int = MIB
    """The limit for one element without bulk data. Most of these elements cannot exceed 64 KiB anyway (PS3.5 7.1.2)."""
    reads: int = 2_000_000
    nesting: int = 32
    frame_pixels: int = 1 << 27
    pixels: int = 1 << 34


@dataclass(frozen=True)
class ParsedFile:
    """The data set before the pixels. `pixel_tag`: the pixel element that follows, or None. `pixel_offset`: where it is
    in the file; None without pixels and in a deflated file."""

    dataset: FileDataset
    transfer_syntax_uid: str
    pixel_tag: int | None
    pixel_offset: int | None


def parse(file: BinaryIO, limits: HeaderLimits) -> ParsedFile:
    """Parse the header. Raises RefusedObject and no other exception, for any bytes."""
    try:
        return _parse(file, limits)
    except RefusedObject:
        raise
    except Exception as error:  # pydicom's parser may raise anything for hostile bytes
        if (reason := _ran_out(error)) is not None:
            raise RefusedObject(reason, OUT_OF_RESOURCES) from None
        raise RefusedObject(Refusal.HEADER_UNREADABLE, CANNOT_UNDERSTAND) from None


def _ran_out(error: BaseException | None) -> Refusal | None:
    """What it means that stack or memory ran out; None when neither did. pydicom replaces some of these errors by
    others, so the causes are searched."""
    while error is not None:
        if isinstance(error, MemoryError):
            return Refusal.NEEDS_TOO_MUCH_MEMORY
        if isinstance(error, RecursionError):
            return Refusal.NESTED_TOO_DEEPLY
        error = error.__context__
    return None


def _parse(file: BinaryIO, limits: HeaderLimits) -> ParsedFile:
    size = file.seek(0, os.SEEK_END)
    if size > limits.file_bytes:
        raise RefusedObject(Refusal.TOO_LARGE, OUT_OF_RESOURCES)
    file.seek(0)
    if file.read(132)[128:] != b"DICM":
        raise RefusedObject(Refusal.NOT_PART10, CANNOT_UNDERSTAND)
    budget = Budget(limits.header_bytes, limits.reads)
    dataset, pixel_tag, offset = _read_to_pixels(file, budget, limits)
    transfer_syntax_uid = str(dataset.file_meta.get("TransferSyntaxUID", ""))
    if not transfer_syntax_uid:
        raise RefusedObject(Refusal.NO_TRANSFER_SYNTAX, CANNOT_UNDERSTAND)
    # The bytes of sequences are already counted once. Each level of nesting reads its bytes again, so it has a budget.
    nested = Budget(limits.header_bytes, budget.reads_left)
    check_elements(dataset, nested, limits, limits.nesting, is_of_file=True)
    _check_pixels(dataset, limits)
    if offset is not None:
        if pixel_tag is None:
            if size - offset >= _ELEMENT_HEAD:
                raise RefusedObject(Refusal.BYTES_BEHIND_END, CANNOT_UNDERSTAND)
            offset = None
        else:
            check_pixels_complete(file, offset, size, transfer_syntax_uid)
    return ParsedFile(dataset, transfer_syntax_uid, pixel_tag, offset)


def _read_to_pixels(file: BinaryIO, budget: Budget, limits: HeaderLimits) -> tuple[FileDataset, int | None, int | None]:
    """The data set, its pixel element, and the offset where reading stopped (None in a deflated file)."""
    stopped: list[int] = []

    def at_pixels(tag: BaseTag, _vr: str | None, _length: int) -> bool:
        if int(tag) in PIXEL_TAGS:
            stopped.append(int(tag))
        return bool(stopped)

    offset: int | None
    file.seek(0)
    try:
        dataset = read_partial(cast(BinaryIO, BoundedReader(file, budget)), stop_when=at_pixels)
        offset = file.tell()
    except Deflated as found:
        plain = BoundedReader(inflate(file, found.start, limits.inflated_bytes), budget)
        inner = read_dataset(cast(BinaryIO, plain), is_implicit_VR=False, is_little_endian=True, stop_when=at_pixels)
        file.seek(0)
        head = read_partial(io.BytesIO(file.read(found.start)))
        dataset = FileDataset("", inner, head.preamble, head.file_meta, is_implicit_VR=False, is_little_endian=True)
        dataset.set_original_encoding(False, True, inner.original_character_set)
        offset = None
    return dataset, stopped[0] if stopped else None, offset


def check_elements(dataset: Dataset, budget: Budget, limits: HeaderLimits, allowed: int, *, is_of_file: bool) -> None:
    """Sequences of known length are parsed only when asked for, so do it now, level by level, within the budget.

    `is_of_file`: pydicom read the elements off the file itself, so one whose value is missing lies at a cut: the reader
    takes a cut right before a value of 8 bytes, or of 1, for the end of the data set.
    """
    if allowed == 0:
        raise RefusedObject(Refusal.NESTED_TOO_DEEPLY, OUT_OF_RESOURCES)
    for tag, element in dataset.items():  # as they were read; iterating over a Dataset itself converts every value
        of_file = is_of_file
        if isinstance(element, RawDataElement):
            vr = vr_of(dataset, element)
            size = len(element.value or b"")
            if is_of_file and element.length not in (size, _UNDEFINED):
                raise RefusedObject(Refusal.HEADER_TRUNCATED, CANNOT_UNDERSTAND)
            if size > _CHARACTER_SETS_BYTES:  # few are, and comparing tags is slow
                most = _CHARACTER_SETS_BYTES if tag == _CHARACTER_SETS else limits.value_bytes
                if size > most and _BULK.isdisjoint(vr.split(" or ")):
                    raise RefusedObject(Refusal.ELEMENT_TOO_LONG, OUT_OF_RESOURCES)
            if vr == "SQ":
                element, of_file = _opened(dataset, element, budget), False
                dataset[tag] = element
        elif tag == _CHARACTER_SETS and element.VM > _MOST_CHARACTER_SETS:  # pydicom reads the outermost one at once
            raise RefusedObject(Refusal.ELEMENT_TOO_LONG, OUT_OF_RESOURCES)
        if isinstance(element, DataElement) and element.VR == "SQ":
            for item in element.value:
                check_elements(item, budget, limits, allowed - 1, is_of_file=of_file)


def _opened(dataset: Dataset, raw: RawDataElement, budget: Budget) -> DataElement:
    """The parsed sequence as pydicom would make it at the first access, but read within the budget."""
    value = raw.value or b""
    encoding = dataset.original_character_set or "iso8859"
    reader = cast(BinaryIO, BoundedReader(io.BytesIO(value), budget, strict=False))
    items = read_sequence(reader, raw.is_implicit_VR, raw.is_little_endian, len(value), encoding, raw.value_tell)
    return DataElement(raw.tag, "SQ", items, raw.value_tell, already_converted=True)


def vr_of(dataset: Dataset, raw: RawDataElement) -> str:
    """The VR with which pydicom will read the element's value."""
    if raw.VR not in (None, "UN"):
        return str(raw.VR)
    if not raw.value or not (raw.tag.is_private or dictionary_has_tag(raw.tag)):
        return "UN"
    found: dict[str, Any] = {}
    raw_element_vr(raw, found, ds=dataset)
    return str(found["VR"])


def _check_pixels(dataset: Dataset, limits: HeaderLimits) -> None:
    frame = _count(dataset, "Rows", 0) * _count(dataset, "Columns", 0)
    if frame > limits.frame_pixels or frame * _count(dataset, "NumberOfFrames", 1) > limits.pixels:
        raise RefusedObject(Refusal.TOO_MANY_PIXELS, OUT_OF_RESOURCES)


def _count(dataset: Dataset, keyword: str, default: int) -> int:
    try:
        return int(value_of(dataset, keyword, default))
    except (TypeError, ValueError):
        return default
