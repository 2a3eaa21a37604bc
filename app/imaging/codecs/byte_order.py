"""Native frames of big-endian files as little-endian bytes (PS3.5 7.3). Values are read in `decode`."""

from __future__ import annotations

import numpy as np

from app.imaging.header.image_header import ImageHeader


def unswapped(header: ImageHeader, frame: bytes, index: int) -> bytes:
    """The bytes of an 8-bit frame that is stored in big-endian words; the frame may start in the middle of a word."""
    plain = np.frombuffer(frame, ">u2").astype("<u2").tobytes()
    return plain[index * header.rows * header.columns * header.samples_per_pixel % 2 :]


def little_endian_frame(header: ImageHeader, frame: bytes, index: int) -> bytes:
    """Frame `index`, from 0, of a big-endian file in little endian. 1-bit frames are in `one_bit`."""
    if header.words_swapped:
        return unswapped(header, frame, index)[: header.rows * header.columns * header.samples_per_pixel]
    size = header.bits_allocated // 8
    return np.frombuffer(frame, f">u{size}").astype(f"<u{size}").tobytes() if size in (2, 4, 8) else frame
