"""What can go wrong between a stored object and a picture. Services translate these errors to those of app/errors.py.

ImagingError
├── NotAnImage           the object holds no pixels (a report, a waveform, a plan)
├── UnsupportedImage     pixels that this program cannot show, with the reason
├── UndecodableFrame     this frame's bytes do not decode, or need too much time or memory
├── BadRegion            the wanted viewport is outside the image
└── ChildUnavailable     no child process can be started; frame or object may be good, try again later
"""

from __future__ import annotations

from enum import StrEnum


class ImagingError(Exception):
    """Root of the imaging errors."""


class NotAnImage(ImagingError):
    pass


class NotShown(StrEnum):
    """Why pixels are not shown. The value is stored with the instance, so it never changes."""

    DESCRIPTION_UNREADABLE = "description_unreadable"
    NUMBER_MISSING = "number_missing"
    """`detail` is the keyword of the attribute that is missing or is not a number."""
    BITS_ODD = "bits_odd"
    """The header describes the bits in a way that the standard does not allow."""
    SIZE_ODD = "size_odd"
    """The image has no pixels, or is larger than we accept."""
    TOO_MANY_FRAMES = "too_many_frames"
    PHOTOMETRIC_UNKNOWN = "photometric_unknown"
    PIXELS_MISPLACED = "pixels_misplaced"
    NO_OFFSET_TABLE = "no_offset_table"
    """Compressed pixels must start with an offset table, and these do not."""
    TOO_MANY_FRAGMENTS = "too_many_fragments"
    PALETTE_MISSING = "palette_missing"
    PALETTE_ODD = "palette_odd"
    """The palette is described in a way that the standard does not allow."""
    PALETTE_SEGMENTS_ODD = "palette_segments_odd"
    TABLE_TOO_LONG = "table_too_long"
    """A look-up table is longer than we accept, or expands to more."""
    OTHER = "other"
    """A row from the time before reasons were codes; the note is its text. Never written any more."""


class UnsupportedImage(ImagingError):
    def __init__(self, reason: NotShown, detail: str = "") -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason} {detail}".rstrip())


class UndecodableFrame(ImagingError):
    pass


class BadRegion(ImagingError):
    pass


class ChildUnavailable(ImagingError):
    pass
