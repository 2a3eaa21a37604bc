"""Decoded pixels -> the bytes of a native little-endian frame (PS3.5 8.1, A.2). Decoding is in `decode`."""

from __future__ import annotations

import numpy as np

from app.imaging.codecs.decode import DecodedFrame
from app.imaging.errors import UndecodableFrame
from app.imaging.header.image_header import ImageHeader

_WHOLE_BYTES = (8, 16, 32, 64)


def native_pixels(decoded: DecodedFrame, header: ImageHeader) -> bytes:
    """The frame with its samples side by side, overlays in their spare bits included; 1-bit pixels eight a byte.

    Raises UndecodableFrame for a frame that is not whole: nobody could tell invented pixels from real ones.
    """
    if decoded.lost_from is not None:
        raise UndecodableFrame("the frame is not whole")
    pixels, bits = decoded.pixels, header.bits_allocated
    if bits == 1:
        return np.packbits(pixels.astype(bool).reshape(-1), bitorder="little").tobytes()
    if bits not in _WHOLE_BYTES:
        raise UndecodableFrame("the samples do not fill bytes")
    if pixels.dtype.kind == "f":
        return pixels.astype(f"<f{bits // 8}").tobytes()
    words = pixels.astype(f"<u{bits // 8}")
    for position, plane in decoded.planes.items():
        bit = words.dtype.type(1 << position)
        words = np.where(plane.reshape(words.shape), words | bit, words & ~bit)
    return words.tobytes()
