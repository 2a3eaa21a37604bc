"""Parses a received Part-10 file up to its pixels, within limits. What the header says is read in `header_fields`.

The sender is not trusted: lengths are claims, nesting may be endless, deflated data may be bombs. Whatever is wrong
ends as RefusedObject with a fixed phrase; nothing of the file's text gets into it.
"""

from __future__ import annotations

import io
import os
import zlib
from dataclasses import dataclass
from typing import BinaryIO, cast

import pydicom
from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.dataset import Dataset, FileDataset
from pydicom.filereader import read_partial
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag
from pydicom.uid import DeflatedExplicitVRLittleEndian

from app.errors import RefusedObject
from app.imaging.part10 import PIXEL_TAGS
from app.services.incoming import CANNOT_UNDERSTAND, OUT_OF_RESOURCES
from app.services.pixel_element import check_pixels_complete

MIB = 1024 * 1024
_ELEMENT_HEAD = 8
_HEAD_BYTES = 64 * 1024
# pydicom looks for the end of an undefined-length value in blocks of this size; the last one is short by nature.
_SEARCH_BLOCK = 8192
# Values are stored as they came; judging (and quoting) each of them is not this program's work.
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE


@dataclass(frozen=True)
class HeaderLimits:
    """What an object may ask for before it is refused; sizes in bytes."""

    file_bytes: int = 2048 * MIB
    header_bytes: int = 256 * MIB
    inflated_bytes: int = 256 * MIB
    reads: int = 4_000_000
    nesting: int = 32
    frame_pixels: int = 1 << 27
    pixels: int = 1 << 34


@dataclass(frozen=True)
class ParsedFile:
    """The data set before the pixels; which pixel element follows, if any, and where (None when deflated)."""

    dataset: FileDataset
    transfer_syntax_uid: str
    pixel_tag: int | None
    pixel_offset: int | None


def parse(file: BinaryIO, limits: HeaderLimits) -> ParsedFile:
    """Parse the header. Raises RefusedObject; no other exception leaves, whatever the bytes are."""
    try:
        return _parse(file, limits)
    except RefusedObject:
        raise
    except Exception as error:  # pydicom's parser may raise anything on hostile bytes
        if _ran_out(error):
            raise RefusedObject("nested too deeply", OUT_OF_RESOURCES) from None
        raise RefusedObject("the header cannot be read", CANNOT_UNDERSTAND) from None


def _ran_out(error: BaseException | None) -> bool:
    """Of stack or memory; pydicom turns some of these errors into others."""
    while error is not None and not isinstance(error, RecursionError | MemoryError):
        error = error.__context__
    return error is not None


def _parse(file: BinaryIO, limits: HeaderLimits) -> ParsedFile:
    size = file.seek(0, os.SEEK_END)
    if size > limits.file_bytes:
        raise RefusedObject("larger than the limit", OUT_OF_RESOURCES)
    file.seek(0)
    prefix = file.read(144)
    if prefix[128:132] != b"DICM":
        raise RefusedObject("not a DICOM Part-10 file", CANNOT_UNDERSTAND)
    deflated = _is_deflated(file, prefix)
    if deflated is not None:
        _check_inflates(file, deflated, limits.inflated_bytes)
    in_one_piece = deflated is None and min(limits.header_bytes, limits.reads) >= _HEAD_BYTES
    dataset, pixel_tag, offset = (_read_head(file) if in_one_piece else None) or _read_bounded(file, size, limits)
    transfer_syntax_uid = str(dataset.file_meta.get("TransferSyntaxUID", ""))
    if not transfer_syntax_uid:
        raise RefusedObject("no transfer syntax", CANNOT_UNDERSTAND)
    _check_nesting(dataset, limits.nesting)
    _check_pixels(dataset, limits)
    if deflated is not None:
        return ParsedFile(dataset, transfer_syntax_uid, pixel_tag, None)
    if pixel_tag is None:
        if size - offset >= _ELEMENT_HEAD:
            raise RefusedObject("bytes follow the end of the data set", CANNOT_UNDERSTAND)
        return ParsedFile(dataset, transfer_syntax_uid, None, None)
    check_pixels_complete(file, offset, size, transfer_syntax_uid)
    return ParsedFile(dataset, transfer_syntax_uid, pixel_tag, offset)


_ReadToPixels = tuple[FileDataset, int | None, int]
"""The data set, the tag of the pixel element after it (None: there is none), where reading stopped."""


def _read_head(file: BinaryIO) -> _ReadToPixels | None:
    """Nearly every image's header lies within the first bytes: there it is read in one piece, at half the cost.

    None when it does not, or is not sound. That the pixels' tag was come to shows that nothing before it was cut short.
    """
    file.seek(0)
    head = io.BytesIO(file.read(_HEAD_BYTES))
    try:
        dataset, pixel_tag = _read_to_pixels(head)
    except Exception:  # whatever is wrong, the bounded reader says it
        return None
    return None if pixel_tag is None else (dataset, pixel_tag, head.tell())


def _read_bounded(file: BinaryIO, size: int, limits: HeaderLimits) -> _ReadToPixels:
    file.seek(0)
    return *_read_to_pixels(cast(BinaryIO, _BoundedReader(file, size, limits))), file.tell()


def _read_to_pixels(file: BinaryIO) -> tuple[FileDataset, int | None]:
    stopped: list[int] = []

    def at_pixels(tag: BaseTag, _vr: str | None, _length: int) -> bool:
        if int(tag) in PIXEL_TAGS:
            stopped.append(int(tag))
        return bool(stopped)

    dataset = read_partial(file, stop_when=at_pixels)
    return dataset, stopped[0] if stopped else None


def _is_deflated(file: BinaryIO, prefix: bytes) -> int | None:
    """Where the deflated data set starts, by the File Meta group length (PS3.10 7.1); None when not deflated."""
    if prefix[132:136] != b"\x02\x00\x00\x00" or len(prefix) < 144:
        # Without the group length its end is unknown: let no deflated data pass unchecked.
        if DeflatedExplicitVRLittleEndian.encode() in file.read(65536):
            raise RefusedObject("no file meta group length", CANNOT_UNDERSTAND)
        return None
    meta_bytes = int.from_bytes(prefix[140:144], "little")
    meta = file.read(min(meta_bytes, 65536))
    return 144 + meta_bytes if DeflatedExplicitVRLittleEndian.encode() in meta else None


def _check_inflates(file: BinaryIO, start: int, limit: int) -> None:
    file.seek(start)
    inflater, total = zlib.decompressobj(-zlib.MAX_WBITS), 0
    while block := file.read(65536):
        while block:
            total += len(inflater.decompress(block, MIB))
            block = inflater.unconsumed_tail
            if total > limit:
                raise RefusedObject("inflates beyond the limit", OUT_OF_RESOURCES)
    if not inflater.eof:
        raise RefusedObject("truncated: the deflated data end early", CANNOT_UNDERSTAND)


def _check_nesting(dataset: Dataset, allowed: int) -> None:
    """Sequences of known length are parsed only when asked for, so ask for them now, level by level."""
    if allowed == 0:
        raise RefusedObject("nested too deeply", OUT_OF_RESOURCES)
    # Elements as they were read: iterating over a Dataset itself would convert every value.
    for tag in [tag for tag, element in dataset.items() if _vr(tag, element.VR) == "SQ"]:
        value = dataset[tag].value
        for item in value if isinstance(value, Sequence) else ():
            _check_nesting(item, allowed - 1)


def _vr(tag: BaseTag, written: str | None) -> str | None:
    """The VR in the file, else the dictionary's."""
    if written not in (None, "UN"):
        return written
    return dictionary_VR(tag) if dictionary_has_tag(tag) else None


def _check_pixels(dataset: Dataset, limits: HeaderLimits) -> None:
    frame = _count(dataset, "Rows", 0) * _count(dataset, "Columns", 0)
    if frame > limits.frame_pixels or frame * _count(dataset, "NumberOfFrames", 1) > limits.pixels:
        raise RefusedObject("more pixels than the limit", OUT_OF_RESOURCES)


def _count(dataset: Dataset, keyword: str, default: int) -> int:
    try:
        return int(dataset.get(keyword, default))
    except (TypeError, ValueError):
        return default


class _BoundedReader:
    """A file that refuses to be read more often, further or longer than a real header needs."""

    def __init__(self, file: BinaryIO, size: int, limits: HeaderLimits) -> None:
        self._file = file
        self._size = size
        self._bytes_left = limits.header_bytes
        self._reads_left = limits.reads
        self.seek = file.seek
        self.tell = file.tell

    def read(self, count: int = -1) -> bytes:
        wanted = self._size if count < 0 else count
        data = self._file.read(min(wanted, self._bytes_left + 1))
        self._bytes_left -= len(data)
        self._reads_left -= 1
        if self._bytes_left < 0 or self._reads_left < 0:
            raise RefusedObject("the header is larger than the limit", OUT_OF_RESOURCES)
        # The end may come only where an element would start: pydicom asks for 8 bytes there (or peeks for 1).
        at_border = not data and wanted in (1, 8)
        if 0 <= count != len(data) and not at_border and count != _SEARCH_BLOCK:
            raise RefusedObject("truncated: the header ends early", CANNOT_UNDERSTAND)
        return data
