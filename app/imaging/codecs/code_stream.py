"""The picture size that a JPEG or JPEG 2000 code stream claims, read before a decoder allocates memory for it.

Decoding is in `decode`.
"""

from __future__ import annotations

import struct

J2K_START, J2K_SIZE = b"\xff\x4f\xff\x51", struct.Struct(">8xIIII16xH")
JPEG_START = b"\xff\xd8"
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})
_FRAME_HEADERS = frozenset({*range(0xC0, 0xD0), 0xF7}) - {0xC4, 0xC8, 0xCC}


def claimed_size(stream: bytes) -> tuple[int, int, int] | None:
    """(rows, columns, samples a pixel) of the picture; None when the start of the stream does not tell the size."""
    if stream.startswith(JPEG_START):
        return _jpeg(stream)
    start = stream.find(J2K_START, 0, 4096)
    if start < 0 or len(stream) < start + J2K_SIZE.size:
        return None
    right, bottom, left, top, samples = J2K_SIZE.unpack_from(stream, start)  # ITU-T T.800 A.5.1
    return bottom - top, right - left, samples


def _jpeg(stream: bytes) -> tuple[int, int, int] | None:
    """The size in the first frame header (ITU-T T.81 B.2.2, T.87 C.2.2). None for rows 0: they follow after a scan."""
    at = 2
    while at + 10 <= len(stream) and stream[at] == 0xFF:
        marker = stream[at + 1]
        if marker == 0xFF or marker in _STANDALONE:
            at += 1 if marker == 0xFF else 2
        elif marker in _FRAME_HEADERS:
            rows, columns, samples = struct.unpack_from(">HHB", stream, at + 5)
            return (rows, columns, samples) if rows else None
        else:
            at += 2 + int.from_bytes(stream[at + 2 : at + 4], "big")
    return None
