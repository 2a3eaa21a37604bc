"""What the archive's index keeps of an image, so that no request parses a header. The reading itself is app/imaging."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

from app.dicom.part10 import ParsedFile
from app.imaging.errors import NotShown
from app.imaging.header.image_index import image_of


@dataclass(frozen=True)
class ImageIndex:
    """`header` is None for an object without pixels, or for one that cannot be shown (then there is a reason).

    `frames` is None then too, and for deflated files, whose frames have no place of their own.
    """

    header: dict[str, Any] | None = None
    frames: bytes | None = None
    number_of_frames: int = 0
    not_shown_reason: NotShown | None = None
    not_shown_note: str | None = None


ImageIndexer = Callable[[BinaryIO, ParsedFile], ImageIndex]


def index_image(file: BinaryIO, parsed: ParsedFile) -> ImageIndex:
    """The index of a parsed file; an odd image is no error here, it is stored and says why it is not shown."""
    if parsed.pixel_tag is None:
        return ImageIndex()
    try:
        header, frames, not_shown = image_of(file, parsed.dataset, parsed.transfer_syntax_uid, parsed.pixel_offset)
    except Exception:  # values of any kind in the header; the object itself is sound and must not be lost for them
        return ImageIndex(number_of_frames=1, not_shown_reason=NotShown.DESCRIPTION_UNREADABLE)
    if not_shown is not None:
        return ImageIndex(
            number_of_frames=1, not_shown_reason=not_shown.reason, not_shown_note=not_shown.detail or None
        )
    if header is None:
        return ImageIndex()
    return ImageIndex(header.to_json(), frames.to_bytes() if frames else None, header.number_of_frames)
