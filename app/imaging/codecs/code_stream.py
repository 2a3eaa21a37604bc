"""What a JPEG, JPEG-LS or JPEG 2000 code stream says of itself, read before a decoder sees it. Decoding is `decode`.

The stream decides: labels of an object (transfer syntax, photometric interpretation) are often wrong about it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import Enum

J2K_START, J2K_SIZE = b"\xff\x4f\xff\x51", struct.Struct(">8xIIII16xH")
JPEG_START, JPEG_END = b"\xff\xd8", b"\xff\xd9"
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})
_FRAME_HEADERS = frozenset({*range(0xC0, 0xD0), 0xF7}) - {0xC4, 0xC8, 0xCC}
_SOF_LOSSLESS, _SOF_JPEG_LS, _SOS, _APP0, _APP14 = 0xC3, 0xF7, 0xDA, 0xE0, 0xEE
_COD, _SOT = 0xFF52, 0xFF90
_SYCC = b"colr\x01\0\0\0\0\0\x12"
_TILE = struct.Struct(">H4xI2x")
"""The start of a tile-part: its marker, its length."""
_YBR_IDS, _RGB_IDS = (1, 2, 3), tuple(b"RGB")


class Process(Enum):
    """How a stream is coded."""

    DCT = "JPEG"
    LOSSLESS = "JPEG lossless"
    JPEG_LS = "JPEG-LS"
    JPEG_2000 = "JPEG 2000"


@dataclass(frozen=True)
class CodeStream:
    """One stream's own words.

    `rows`, `columns`, `samples` are 0 where the stream does not say; `precision` is in bits. `is_rgb`: its components
    are red, green and blue (or become so by decoding), or are not; None when it does not say. `is_lossy` is None for
    what may be either. `is_whole`: it ends as it should. `missing_bytes`: how many more its last tile-part claims.
    `end`: where the mark of the end is, or of a JPEG 2000 stream should be; 0 without one.
    """

    process: Process
    rows: int
    columns: int
    samples: int
    precision: int
    is_rgb: bool | None = None
    is_lossy: bool | None = None
    is_whole: bool = True
    missing_bytes: int = 0
    end: int = 0

    @property
    def size(self) -> tuple[int, int, int] | None:
        """(rows, columns, samples a pixel); None when the stream does not say (rows 0: after a scan)."""
        return (self.rows, self.columns, self.samples) if self.rows else None


def read_stream(stream: bytes) -> CodeStream | None:
    """None when it is no such stream, or says nothing before it ends."""
    if stream.startswith(JPEG_START):
        return _jpeg(stream)
    start = stream.find(J2K_START, 0, 4096)
    return _jpeg_2000(stream, start) if start >= 0 else None


def _jpeg_2000(stream: bytes, start: int) -> CodeStream | None:
    """ITU-T T.800 A.5.1, A.6.1. A multiple component transformation is undone by the decoder: what comes out is RGB.
    Of the boxes around some streams only one counts: that says sYCC (I.5.3.3). sRGB is what encoders write of anything.
    """
    if len(stream) < start + J2K_SIZE.size + 1:
        return None
    right, bottom, left, top, samples = J2K_SIZE.unpack_from(stream, start)
    precision = (stream[start + J2K_SIZE.size] & 0x7F) + 1
    transformed, reversible = False, None
    at = start + 2
    while at + 4 <= len(stream):
        marker, length = struct.unpack_from(">HH", stream, at)
        if marker == _SOT or marker < 0xFF00 or length < 2:
            break
        if marker == _COD and at + 14 <= len(stream):
            transformed, reversible = stream[at + 8] == 1, stream[at + 13] == 1
        at += 2 + length
    end = _end_of_tiles(stream, at)
    missing = max(end - len(stream), 0)
    return CodeStream(
        Process.JPEG_2000,
        max(bottom - top, 0),
        max(right - left, 0),
        samples,
        precision,
        is_rgb=True if transformed else False if _SYCC in stream[:start] else None,
        is_lossy=True if reversible is False else None,
        is_whole=not missing and stream[end : end + 2] in (JPEG_END, b"\0", b""),
        end=end,
        missing_bytes=missing,
    )


def _end_of_tiles(stream: bytes, at: int) -> int:
    """Where the tile-parts end, of which one starts at `at` (A.4.2); beyond the stream when some of it is missing."""
    while at + _TILE.size <= len(stream):
        marker, length = _TILE.unpack_from(stream, at)
        if marker != _SOT:
            break
        if length < _TILE.size:  # the last one need not say its length: it goes on to the end
            return max(len(stream.rstrip(b"\0")) - 2, at)
        at += length
    return at


def _jpeg(stream: bytes) -> CodeStream | None:
    """ITU-T T.81 B.2, T.87 C.2. Whose components are which is decided as libjpeg does: JFIF, Adobe, identifiers."""
    at, frame, jfif, adobe, near = 2, None, False, None, 0
    while at + 4 <= len(stream) and stream[at] == 0xFF:
        marker = stream[at + 1]
        if marker == 0xFF or marker in _STANDALONE:
            at += 1 if marker == 0xFF else 2
            continue
        length = int.from_bytes(stream[at + 2 : at + 4], "big")
        body = stream[at + 4 : at + 2 + length]
        if marker == _APP0 and body.startswith(b"JFIF\0"):
            jfif = True
        elif marker == _APP14 and body.startswith(b"Adobe") and len(body) >= 12:
            adobe = body[11]
        elif marker in _FRAME_HEADERS and frame is None and len(body) >= 6:
            frame = (marker, body)
        elif marker == _SOS:
            near = body[1 + 2 * body[0]] if body and len(body) > 1 + 2 * body[0] else 0
            break
        at += 2 + max(length, 2)
    if frame is None:
        return None
    end = stream.find(JPEG_END, at)  # from the scan on: a preview in a segment before it has an end of its own
    return _described(*frame, jfif=jfif, adobe=adobe, near=near, end=max(end, 0))


def _described(marker: int, body: bytes, *, jfif: bool, adobe: int | None, near: int, end: int) -> CodeStream:
    precision, rows, columns, samples = struct.unpack_from(">BHHB", body)
    process = {_SOF_LOSSLESS: Process.LOSSLESS, _SOF_JPEG_LS: Process.JPEG_LS}.get(marker, Process.DCT)
    lossy = {Process.LOSSLESS: False, Process.JPEG_LS: near > 0, Process.DCT: True}[process]
    is_rgb = None
    if samples == 3 and process is not Process.JPEG_LS:
        # JFIF is of the DCT; encoders write it before lossless components of any kind
        is_rgb = _is_rgb(body[6 : 6 + 3 * samples], jfif and process is Process.DCT, adobe)
    return CodeStream(process, rows, columns, samples, precision, is_rgb, lossy, is_whole=end > 0, end=end)


def _is_rgb(components: bytes, jfif: bool, adobe: int | None) -> bool | None:
    """None for the identifiers 1, 2, 3 alone: the label may be right then, unless the chrominance is subsampled."""
    if jfif or adobe is not None:
        return not jfif and adobe == 0
    if tuple(components[::3]) == _RGB_IDS:
        return True
    return False if len(set(components[1::3])) > 1 else None
