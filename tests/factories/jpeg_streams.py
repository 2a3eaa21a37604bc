"""JPEG streams with other markers than their encoder wrote: what a stream says of its components is in them. Lossless
streams as no encoder on PyPI writes them: with restart intervals, point transforms, other predictors."""

from __future__ import annotations

import struct
from collections.abc import Iterator

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


def lossless_jpeg(
    pixels: npt.NDArray[np.unsignedinteger],
    bits: int,
    *,
    predictor: int = 1,
    restart_rows: int = 0,
    point_transform: int = 0,
    wraps: bool = False,
    markers: bytes = b"",
    ids: bytes = b"\1\2\3",
) -> bytes:
    """ITU-T T.81 annex H. `restart_rows`: rows of a restart interval. `wraps`: each difference is written as the other
    one that is the same modulo the range of the values, as some ultrasound devices do."""
    samples = pixels.astype(int).reshape(*pixels.shape[:2], -1) >> point_transform
    rows, columns, count = samples.shape
    scan = b""
    for number, start in enumerate(range(0, rows, restart_rows or rows)):
        rows_of_it = samples[start : start + (restart_rows or rows)]
        span = 1 << (bits - point_transform)
        differences = [_wrapped(one, span) if wraps else one for one in _differences(rows_of_it, span >> 1, predictor)]
        scan += (bytes([0xFF, 0xD0 + (number - 1) % 8]) if number else b"") + _entropy_coded(differences)
    frame = struct.pack(">BHHB", bits, rows, columns, count) + b"".join(bytes([each, 0x11, 0]) for each in ids[:count])
    codes = bytes([0, 0, 0, 0, 0, 17, *([0] * 11), *range(17)])  # each of the 17 categories in five bits
    head = bytes([count]) + b"".join(bytes([each, 0]) for each in ids[:count]) + bytes([predictor, 0, point_transform])
    interval = _segment(0xDD, struct.pack(">H", restart_rows * columns)) if restart_rows else b""
    segments = _segment(0xC3, frame) + _segment(0xC4, codes) + interval + _segment(0xDA, head)
    return b"\xff\xd8" + markers + segments + scan + b"\xff\xd9"


def _segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def _differences(samples: npt.NDArray[np.integer], middle: int, predictor: int) -> Iterator[int]:
    """From what table H.1 predicts; every interval begins like the picture."""
    for row, column, sample in np.ndindex(samples.shape):
        left, above = (int(samples[row, column - 1, sample]), int(samples[row - 1, column, sample]))
        corner = int(samples[row - 1, column - 1, sample])
        if row == 0:
            predicted = left if column else middle
        elif column == 0:
            predicted = above
        else:
            predicted = (
                left,
                above,
                corner,
                left + above - corner,
                left + (above - corner >> 1),
                above + (left - corner >> 1),
                left + above >> 1,
            )[predictor - 1]
        yield (int(samples[row, column, sample]) - predicted + 0x8000) % 0x10000 - 0x8000


def _wrapped(difference: int, span: int) -> int:
    return difference - span if difference > 0 else difference + span if difference < 0 else 0


def _entropy_coded(differences: list[int]) -> bytes:
    bits = "".join(
        f"{(size := min(abs(one).bit_length(), 16)):05b}"
        + (f"{one if one > 0 else one + (1 << size) - 1:0{size}b}" if 0 < size < 16 else "")
        for one in differences
    )
    bits += "1" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
