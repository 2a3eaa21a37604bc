"""A Part-10 file -> its parsed header, image header and frame index, in one pass. No pixels are read.

Limits against bombs are the caller's (app/dicom/part10.py); what a frame means is `decode`.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from typing import BinaryIO

from pydicom import Dataset, FileDataset
from pydicom.filereader import read_partial
from pydicom.tag import BaseTag

from app.imaging.codecs.decode import DEFLATED_LE, EXPLICIT_BE, EXPLICIT_LE, IMPLICIT_LE
from app.imaging.errors import ImagingError, NotAnImage, UnsupportedImage
from app.imaging.header.frame_index import FrameIndex, index_encapsulated, index_native
from app.imaging.header.image_header import PIXEL_TAGS, ImageHeader
from app.imaging.header.reading import read_header

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
    if not stopped:
        return Parsed(dataset, syntax, None, None, None, None)
    offset = None if syntax == DEFLATED_LE else file.tell()
    return Parsed(dataset, syntax, offset, *image_of(file, dataset, syntax, offset))


def image_of(
    file: BinaryIO, dataset: Dataset, transfer_syntax_uid: str, pixel_offset: int | None
) -> tuple[ImageHeader | None, FrameIndex | None, str | None]:
    """Header and frame index of an image whose dataset was parsed up to its pixels, or the reason why it is not shown.

    `pixel_offset`: where the pixel element starts, None without one or in a deflated file. There the frames have no
    place in the file: no index, a decoding child finds
    them (app/imaging/codecs/deflated_object). Raises nothing for odd images.
    """
    try:
        if pixel_offset is None:
            deflated_image = transfer_syntax_uid == DEFLATED_LE and "Rows" in dataset
            return read_header(dataset, transfer_syntax_uid, "PixelData" if deflated_image else None), None, None
        header = read_header(dataset, transfer_syntax_uid, _keyword(file, pixel_offset, dataset))
        header = replace(header, words_swapped=_words_swapped(file, header, pixel_offset))
        return header, _frames(file, dataset, header, pixel_offset), None
    except NotAnImage:
        return None, None, None
    except ImagingError as error:
        return None, None, str(error)


def _keyword(file: BinaryIO, pixel_offset: int, dataset: Dataset) -> str:
    file.seek(pixel_offset)
    group, element = struct.unpack(f"{_order(dataset)}HH", file.read(4).ljust(4, b"\0"))
    if (keyword := PIXEL_TAGS.get(group << 16 | element)) is None:
        raise UnsupportedImage("the pixels are not where they should be")
    return keyword


def _order(dataset: Dataset) -> str:
    return ">" if dataset.original_encoding[1] is False else "<"


def _starts_like_dicom(file: BinaryIO) -> bool:
    """Old files come without preamble, or without any meta header: then they start with group 0002 or 0008."""
    start = file.read(4)
    file.seek(0)
    return start[:2] in (b"\x02\x00", b"\x08\x00") and start[3:] == b"\x00"


def _frames(file: BinaryIO, dataset: Dataset, header: ImageHeader, offset: int) -> FrameIndex:
    value_offset, length = _value(file, offset, dataset)
    if length == UNDEFINED:
        return index_encapsulated(file, value_offset, header, _extended_table(dataset, header.number_of_frames))
    file.seek(0, 2)
    return index_native(header, value_offset, min(length, file.tell() - value_offset))


def _value(file: BinaryIO, offset: int, dataset: Dataset) -> tuple[int, int]:
    """Offset and length of the value of the pixel element at `offset` (PS3.5 7.1).

    Whether the VR is explicit is read off the element: some files are labelled wrongly, and no even length looks like
    the letters of a VR.
    """
    file.seek(offset)
    head = file.read(12).ljust(12, b"\0")
    order = _order(dataset)
    if head[4:6] in (b"OB", b"OW", b"OF", b"OD", b"UN"):
        return offset + 12, int(struct.unpack_from(f"{order}I", head, 8)[0])
    return offset + 8, int(struct.unpack_from(f"{order}I", head, 4)[0])


def _words_swapped(file: BinaryIO, header: ImageHeader, offset: int) -> bool:
    if header.transfer_syntax_uid != EXPLICIT_BE or header.bits_allocated != 8:
        return False
    file.seek(offset + 4)
    return file.read(2) == b"OW"


def _extended_table(dataset: Dataset, frames: int) -> list[tuple[int, int]] | None:
    """Offset and length of each frame (PS3.3 C.7.6.3.1.8); a table for another number of frames counts as none."""
    offsets, lengths = dataset.get("ExtendedOffsetTable"), dataset.get("ExtendedOffsetTableLengths")
    if (
        not isinstance(offsets, bytes)
        or not isinstance(lengths, bytes)
        or not len(offsets) == len(lengths) == 8 * frames
    ):
        return None
    numbers = struct.Struct(f"<{frames}Q")
    return list(zip(numbers.unpack(offsets), numbers.unpack(lengths), strict=True))
