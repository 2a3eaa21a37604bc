"""Pixels of one bit, eight a byte, the first in the least significant bit (PS3.5 8.1.1).

The frames of a native element follow one another without a gap, so that one may start within a byte. A frame that goes
out alone starts at a byte, and what is left of its last byte is 0. Values are read in `decode`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from app.imaging.header.image_header import ImageHeader


def pixels_of_frame(header: ImageHeader) -> int:
    return header.rows * header.columns * header.samples_per_pixel


def frame_alone(header: ImageHeader, frame: bytes, index: int) -> bytes:
    """Frame `index`, from 0. `frame`: every byte of the element that holds a pixel of it."""
    count = pixels_of_frame(header)
    skip = index * count % 8
    bits = np.unpackbits(np.frombuffer(frame, np.uint8), bitorder="little")[skip : skip + count]
    return np.packbits(bits, bitorder="little").tobytes()


def without_gaps(frames: Iterable[bytes], count: int) -> Iterator[bytes]:
    """Frames that are alone, of `count` pixels each, as the value of one native element."""
    rest = np.empty(0, np.uint8)
    for frame in frames:
        bits = np.unpackbits(np.frombuffer(frame, np.uint8), bitorder="little", count=count)
        bits = np.concatenate([rest, bits])
        whole = bits.size - bits.size % 8
        yield np.packbits(bits[:whole], bitorder="little").tobytes()
        rest = bits[whole:]
    if rest.size:
        yield np.packbits(rest, bitorder="little").tobytes()
