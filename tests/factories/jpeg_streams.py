"""JPEG streams with other markers than their encoder wrote: what a stream says of its components is in them."""

from __future__ import annotations

import imagecodecs
import numpy as np
import numpy.typing as npt

JFIF = b"\xff\xe0\x00\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"
BARS = [(0, 0, 0), (255, 255, 255), (200, 30, 30), (30, 160, 30), (30, 30, 200), (200, 180, 40)]
"""Colours that no wrong conversion leaves alone, each 16 columns wide in `bars`."""


def adobe(transform: int) -> bytes:
    return b"\xff\xee\x00\x0eAdobe\0\x64\0\0\0\0" + bytes([transform])


def bars() -> npt.NDArray[np.uint8]:
    return np.repeat(np.array([BARS], np.uint8), 16, axis=1).repeat(16, axis=0)


def bars_as_jpeg(stored: str, *, markers: bytes = b"", ids: bytes = b"\1\2\3", subsampling: str = "444") -> bytes:
    """The bars as `RGB` or `YCBCR` components, with these application markers and component identifiers only."""
    stream = bytes(
        imagecodecs.jpeg8_encode(bars(), level=100, colorspace="RGB", outcolorspace=stored, subsampling=subsampling)
    )
    return _identified(b"\xff\xd8" + markers + _without_markers(stream), ids)


def _without_markers(stream: bytes) -> bytes:
    """From the first segment on that is no application marker."""
    at = 2
    while 0xE0 <= stream[at + 1] <= 0xEF:
        at += 2 + int.from_bytes(stream[at + 2 : at + 4], "big")
    return stream[at:]


def _identified(stream: bytes, ids: bytes) -> bytes:
    changed = bytearray(stream)
    frame, scan = stream.index(b"\xff\xc0\x00\x11"), stream.index(b"\xff\xda\x00\x0c")
    changed[frame + 10 : frame + 19 : 3] = ids
    changed[scan + 5 : scan + 11 : 2] = ids
    return bytes(changed)
