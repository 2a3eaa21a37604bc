"""A Part-10 file -> its parsed header, image header and frame index, in one pass. No pixels are read.

Limits against bombs are the caller's (app/services/header_checks.py); what a frame means is `decode`.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass, replace
from typing import BinaryIO

from pydicom import Dataset, FileDataset, dcmread
from pydicom.filereader import read_partial
from pydicom.tag import BaseTag

from app.imaging.decode import DEFLATED_LE, EXPLICIT_BE, EXPLICIT_LE, IMPLICIT_LE
from app.imaging.errors import ImagingError, NotAnImage, UnsupportedImage
from app.imaging.frame_index import FrameIndex, index_encapsulated, index_native
from app.imaging.header import ImageHeader, read_header

PIXEL_TAGS = {0x7FE00008: "FloatPixelData", 0x7FE00009: "DoubleFloatPixelData", 0x7FE00010: "PixelData"}
UNDEFINED = 0xFFFFFFFF


@dataclass(frozen=True)
class Parsed:
    """What ingest keeps of a file. Without pixels `pixel_offset` is None; `not_shown`: why there is no picture."""

    dataset: FileDataset
    transfer_syntax_uid: str
    pixel_offset: int | None
    header: ImageHeader | None
    frames: FrameIndex | None
    not_shown: str | None


def parse(file: BinaryIO) -> Parsed:
    """Read everything before the pixels. Raises whatever pydicom raises on bytes that are no DICOM."""
    stopped: list[int] = []

    def at_pixels(tag: BaseTag, _vr: str | None, _length: int) -> bool:
        if int(tag) in PIXEL_TAGS:
            stopped.append(int(tag))
        return bool(stopped)

    dataset = read_partial(file, stop_when=at_pixels, force=_starts_like_dicom(file))
    syntax = str(dataset.file_meta.get("TransferSyntaxUID", "")) or (
        IMPLICIT_LE if dataset.is_implicit_VR else EXPLICIT_LE if dataset.is_little_endian else EXPLICIT_BE
    )
    return index_pixels(file, dataset, syntax, stopped[0] if stopped else None)


def index_pixels(file: BinaryIO, dataset: FileDataset, syntax: str, pixel_tag: int | None) -> Parsed:
    """The image header and frames of a dataset that was read up to its pixel element, where `file` stands now."""
    if pixel_tag is None:
        return Parsed(dataset, syntax, None, None, None, None)
    if syntax == DEFLATED_LE:
        return _unplaced(dataset, syntax, pixel_tag)
    offset = file.tell()
    try:
        header = read_header(dataset, syntax, PIXEL_TAGS[pixel_tag])
        header = replace(header, words_swapped=_words_swapped(file, header, offset))
        frames = _frames(file, dataset, header, offset)
    except NotAnImage:
        return Parsed(dataset, syntax, None, None, None, None)
    except ImagingError as error:
        return Parsed(dataset, syntax, offset, None, None, str(error))
    return Parsed(dataset, syntax, offset, header, frames, None)


def _starts_like_dicom(file: BinaryIO) -> bool:
    """Old files come without preamble, or without any meta header: then they start with group 0002 or 0008."""
    start = file.read(4)
    file.seek(0)
    return start[:2] in (b"\x02\x00", b"\x08\x00") and start[3:] == b"\x00"


def _unplaced(dataset: FileDataset, syntax: str, tag: int) -> Parsed:
    """A deflated dataset: its frames have no place in the file, they are found by inflating it (`inflated_frame`)."""
    try:
        header = read_header(dataset, syntax, PIXEL_TAGS[tag])
    except ImagingError as error:
        return Parsed(dataset, syntax, None, None, None, str(error))
    return Parsed(dataset, syntax, None, header, None, None)


def inflated_frame(part10: bytes, frame: int) -> bytes:
    """The bytes of one native frame of a whole deflated file. Raises UnsupportedImage when they are not there."""
    dataset: Dataset = dcmread(io.BytesIO(part10))
    header = read_header(dataset, DEFLATED_LE)
    pixels = bytes(dataset[header.pixel_keyword].value)
    pieces = index_native(header, 0, len(pixels)).pieces(frame)
    if not pieces:
        raise UnsupportedImage("the frame is missing")
    start, length = pieces[0]
    return pixels[start : start + length]


def _frames(file: BinaryIO, dataset: FileDataset, header: ImageHeader, offset: int) -> FrameIndex:
    value_offset, length = _value(file, offset, dataset)
    if length == UNDEFINED:
        return index_encapsulated(file, value_offset, header, _extended_table(dataset))
    file.seek(0, 2)
    return index_native(header, value_offset, min(length, file.tell() - value_offset))


def _value(file: BinaryIO, offset: int, dataset: FileDataset) -> tuple[int, int]:
    """Offset and length of the value of the pixel element at `offset` (PS3.5 7.1).

    Whether the VR is explicit is read off the element: some files are labelled wrongly, and no even length looks like
    the letters of a VR.
    """
    file.seek(offset)
    head = file.read(12)
    order = "<" if dataset.is_little_endian else ">"
    if head[4:6] in (b"OB", b"OW", b"OF", b"OD", b"UN"):
        return offset + 12, int(struct.unpack_from(f"{order}I", head, 8)[0])
    return offset + 8, int(struct.unpack_from(f"{order}I", head, 4)[0])


def _words_swapped(file: BinaryIO, header: ImageHeader, offset: int) -> bool:
    if header.transfer_syntax_uid != EXPLICIT_BE or header.bits_allocated != 8:
        return False
    file.seek(offset + 4)
    return file.read(2) == b"OW"


def _extended_table(dataset: FileDataset) -> list[tuple[int, int]] | None:
    offsets, lengths = dataset.get("ExtendedOffsetTable"), dataset.get("ExtendedOffsetTableLengths")
    if not isinstance(offsets, bytes) or not isinstance(lengths, bytes) or len(offsets) != len(lengths):
        return None
    count = len(offsets) // 8
    return list(zip(struct.unpack(f"<{count}Q", offsets), struct.unpack(f"<{count}Q", lengths), strict=True))
