"""RLE frames (PS3.5 annex G) -> samples, also of a frame whose end is missing. Their values are read in `decode`.

imagecodecs unpacks a whole segment. It says nothing of how far it came in a damaged one, which is unpacked here.
"""

from __future__ import annotations

import struct

import imagecodecs
import numpy as np

from app.imaging.codecs.stored_values import Pixels
from app.imaging.errors import UndecodableFrame
from app.imaging.header.image_header import ImageHeader

_HEADER = struct.Struct("<16I")


def rle_pixels(header: ImageHeader, frame: bytes) -> tuple[Pixels, int | None]:
    """The samples (rows, columns, samples a pixel), and the first row that is not whole. Each byte of a sample has a
    plane of its own, the highest first (PS3.5 G.2)."""
    size, samples, bytes_each = header.rows * header.columns, header.samples_per_pixel, header.bits_allocated // 8
    planes, known = byte_planes(frame, samples * bytes_each, size)
    if known < header.columns:
        raise UndecodableFrame("RLE: nothing is left")
    bytes_ = np.frombuffer(planes, np.uint8).reshape(samples, bytes_each, header.rows, header.columns)
    pixels = np.ascontiguousarray(bytes_.transpose(2, 3, 0, 1)).view(f">u{bytes_each}")[..., 0]
    return pixels.astype(f"=u{bytes_each}", copy=False), None if known == size else known // header.columns


def byte_planes(frame: bytes, count: int, size: int) -> tuple[bytes, int]:
    """The `count` planes of `size` bytes each, one behind the other, and how many bytes of each are there.

    Only the last plane may be cut off; zeros take the place of what it lacks. Raises UndecodableFrame for other
    segments than `count`, and for one before the last that does not fill its plane.
    """
    planes = [_unpacked(segment, size) for segment in _segments(frame, count)]
    if any(len(plane) != size for plane in planes[:-1]):
        raise UndecodableFrame("RLE: a segment that does not fill its plane")
    return b"".join(planes).ljust(count * size, b"\0"), len(planes[-1])


def _unpacked(segment: bytes, size: int) -> bytes:
    """At most `size` bytes of a segment. What follows them is padding; fewer come out of one that is cut off."""
    try:
        plain = bytes(imagecodecs.packbits_decode(segment, out=size))
    except imagecodecs.PackbitsError:
        plain = b""
    return plain if len(plain) == size else _run_by_run(segment.rstrip(b"\0"), size) or plain


def _segments(frame: bytes, count: int) -> list[bytes]:
    if len(frame) < _HEADER.size:
        raise UndecodableFrame("RLE: no header")
    number, *offsets = _HEADER.unpack_from(frame)
    starts = offsets[:count]
    if number != count or starts != sorted(starts) or not _HEADER.size <= starts[0] <= starts[-1] < len(frame):
        raise UndecodableFrame("RLE: other segments than described")
    return [frame[start:end] for start, end in zip(starts, [*starts[1:], len(frame)], strict=True)]


def _run_by_run(segment: bytes, size: int) -> bytes:
    """Zeros at the end of a damaged segment are left out before: they are what was written over it."""
    plain, at = bytearray(), 0
    while at < len(segment) and len(plain) < size:
        head = segment[at]
        if head < 128:
            plain += segment[at + 1 : at + 2 + head]
            at += 2 + head
        else:  # 128 means nothing
            plain += segment[at + 1 : at + 2] * (257 - head) if head > 128 else b""
            at += 2 if head > 128 else 1
    return bytes(plain[:size])
