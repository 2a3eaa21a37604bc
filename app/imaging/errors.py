"""What can go wrong between a stored object and a picture. Imaging is pure, so these are its own; services translate.

ImagingError
├── NotAnImage           the object holds no pixels (a report, a waveform, a plan)
├── UnsupportedImage     pixels nobody here can show, with the reason
├── UndecodableFrame     this frame's bytes do not decode, or took too long or too much memory
├── BadRegion            the viewport asked for lies outside the image
└── DecoderUnavailable   no decoding child can be started: says nothing about the frame, try again later
"""

from __future__ import annotations

from enum import StrEnum


class ImagingError(Exception):
    """Root of the imaging errors."""


class NotAnImage(ImagingError):
    pass


class NotShown(StrEnum):
    """Why pixels are not shown. Stored with the instance: a member's value is written for good."""

    DESCRIPTION_UNREADABLE = "description_unreadable"
    NUMBER_MISSING = "number_missing"
    """`detail` is the keyword of the attribute that is missing or no number."""
    BITS_ODD = "bits_odd"
    """Not described as the standard says."""
    SIZE_ODD = "size_odd"
    """Larger than any we take, or none."""
    TOO_MANY_FRAMES = "too_many_frames"
    PHOTOMETRIC_UNKNOWN = "photometric_unknown"
    PIXELS_MISPLACED = "pixels_misplaced"
    NO_OFFSET_TABLE = "no_offset_table"
    """Compressed pixels start with one."""
    TOO_MANY_FRAGMENTS = "too_many_fragments"
    PALETTE_MISSING = "palette_missing"
    PALETTE_ODD = "palette_odd"
    """Not described as the standard says."""
    PALETTE_SEGMENTS_ODD = "palette_segments_odd"
    TABLE_TOO_LONG = "table_too_long"
    """A look-up table that is, or expands to, more than any we take."""
    OTHER = "other"
    """Of before reasons were codes; the note is the text. Never written any more."""


class UnsupportedImage(ImagingError):
    def __init__(self, reason: NotShown, detail: str = "") -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason} {detail}".rstrip())


class UndecodableFrame(ImagingError):
    pass


class BadRegion(ImagingError):
    pass


class DecoderUnavailable(ImagingError):
    pass
