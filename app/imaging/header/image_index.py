"""What the database keeps of an image, read from a parsed Part-10 file, so that no request parses a header.

Parsing, with its limits against bombs, is in app/dicom/part10.py. Decoding is in app/imaging/codecs. No pixels are read
here.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

from pydicom import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian

from app.dicom.part10 import ParsedFile
from app.dicom.pixel_tags import PIXEL_TAGS
from app.imaging.errors import NotAnImage, NotShown, UnsupportedImage
from app.imaging.header.frame_index import FrameIndex, index_encapsulated, index_native
from app.imaging.header.image_header import ImageHeader
from app.imaging.header.reading import read_header

UNDEFINED = 0xFFFFFFFF


@dataclass(frozen=True)
class ImageIndex:
    """`header` is None for an object without pixels, and for an image that cannot be shown (then there is a reason).

    `frames` is None in these cases, and for a deflated file: its frames have no place in the file.
    """

    header: dict[str, Any] | None = None
    frames: bytes | None = None
    number_of_frames: int = 0
    not_shown_reason: NotShown | None = None
    not_shown_note: str | None = None


def index_image(file: BinaryIO, parsed: ParsedFile) -> ImageIndex:
    """The index of a parsed file. An odd image raises no error: it is stored with the reason why it is not shown.

    Raises MemoryError: that says nothing of the image.
    """
    if parsed.pixel_tag is None:
        return ImageIndex()
    try:
        header, frames, fault = image_of(file, parsed)
    except MemoryError:
        raise
    except Exception:  # odd values in the header may raise anything, and the object must be stored all the same
        return ImageIndex(number_of_frames=1, not_shown_reason=NotShown.DESCRIPTION_UNREADABLE)
    if fault is not None:
        return ImageIndex(number_of_frames=1, not_shown_reason=fault.reason, not_shown_note=fault.detail or None)
    if header is None:
        return ImageIndex()
    return ImageIndex(header.to_json(), frames.to_bytes() if frames else None, header.number_of_frames)


def image_of(
    file: BinaryIO, parsed: ParsedFile
) -> tuple[ImageHeader | None, FrameIndex | None, UnsupportedImage | None]:
    """Header and frame index of a parsed file's image, or the fault: the reason why it is not shown.

    All three are None when the file has no image. A deflated file has no frame index: a decoding child finds its frames
    (app/imaging/codecs/deflated_object). An odd image is a fault and no exception, except for a value of a type that no
    reader expects: that may raise any exception.
    """
    dataset, transfer_syntax_uid, pixel_offset = parsed.dataset, parsed.transfer_syntax_uid, parsed.pixel_offset
    try:
        if pixel_offset is None:
            deflated_image = transfer_syntax_uid == DeflatedExplicitVRLittleEndian and "Rows" in dataset
            return read_header(dataset, transfer_syntax_uid, "PixelData" if deflated_image else None), None, None
        header = read_header(dataset, transfer_syntax_uid, _keyword(file, pixel_offset, dataset))
        header = replace(header, words_swapped=_words_swapped(file, header, pixel_offset))
        return header, _frames(file, dataset, header, pixel_offset), None
    except NotAnImage:
        return None, None, None
    except UnsupportedImage as fault:
        return None, None, fault


def _keyword(file: BinaryIO, pixel_offset: int, dataset: Dataset) -> str:
    file.seek(pixel_offset)
    group, element = struct.unpack(f"{_order(dataset)}HH", file.read(4).ljust(4, b"\0"))
    if (keyword := PIXEL_TAGS.get(group << 16 | element)) is None:
        raise UnsupportedImage(NotShown.PIXELS_MISPLACED)
    return keyword


def _order(dataset: Dataset) -> str:
    return ">" if dataset.original_encoding[1] is False else "<"


def _frames(file: BinaryIO, dataset: Dataset, header: ImageHeader, offset: int) -> FrameIndex:
    value_offset, length = _value(file, offset, dataset)
    if length == UNDEFINED:
        return index_encapsulated(file, value_offset, header, _extended_table(dataset, header.number_of_frames))
    file.seek(0, 2)
    return index_native(header, value_offset, min(length, file.tell() - value_offset))


def _value(file: BinaryIO, offset: int, dataset: Dataset) -> tuple[int, int]:
    """Offset and length of the value of the pixel element at `offset` (PS3.5 7.1).

    The bytes of the element show whether its VR is explicit, because some files are labelled wrongly. The length of an
    element with implicit VR is even, so it never looks like the letters of a VR.
    """
    file.seek(offset)
    head = file.read(12).ljust(12, b"\0")
    order = _order(dataset)
    if head[4:6] in (b"OB", b"OW", b"OF", b"OD", b"UN"):
        return offset + 12, int(struct.unpack_from(f"{order}I", head, 8)[0])
    return offset + 8, int(struct.unpack_from(f"{order}I", head, 4)[0])


def _words_swapped(file: BinaryIO, header: ImageHeader, offset: int) -> bool:
    if header.transfer_syntax_uid != ExplicitVRBigEndian or header.bits_allocated != 8:
        return False
    file.seek(offset + 4)
    return file.read(2) == b"OW"


def _extended_table(dataset: Dataset, frames: int) -> list[tuple[int, int]] | None:
    """Offset and length of each frame (PS3.3 C.7.6.3.1.8). A table for another number of frames is ignored."""
    offsets, lengths = dataset.get("ExtendedOffsetTable"), dataset.get("ExtendedOffsetTableLengths")
    if (
        not isinstance(offsets, bytes)
        or not isinstance(lengths, bytes)
        or not len(offsets) == len(lengths) == 8 * frames
    ):
        return None
    numbers = struct.Struct(f"<{frames}Q")
    return list(zip(numbers.unpack(offsets), numbers.unpack(lengths), strict=True))
