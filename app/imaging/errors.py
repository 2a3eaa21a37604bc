"""What can go wrong between a stored object and a picture. Imaging is pure, so these are its own; services translate.

ImagingError
├── NotAnImage           the object holds no pixels (a report, a waveform, a plan)
├── UnsupportedImage     pixels nobody here can show; `reason` is a fixed phrase
├── UndecodableFrame     this frame's bytes do not decode, or took too long or too much memory
├── BadRegion            the viewport asked for lies outside the image
└── DecoderUnavailable   no decoding child can be started: says nothing about the frame, try again later
"""

from __future__ import annotations


class ImagingError(Exception):
    """Root of the imaging errors."""


class NotAnImage(ImagingError):
    pass


class UnsupportedImage(ImagingError):
    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class UndecodableFrame(ImagingError):
    pass


class BadRegion(ImagingError):
    pass


class DecoderUnavailable(ImagingError):
    pass
