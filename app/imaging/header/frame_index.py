"""Where each frame is in a Part-10 file. The index is made at ingest, so a request reads bytes and parses nothing.

The place of a native frame is computed (PS3.5 8.1.1). The place of an encapsulated frame comes from the extended or
basic offset table, or without a table from the fragments (PS3.5 A.4). Decoding is in app/imaging/codecs.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import BinaryIO

from app.imaging.errors import NotShown, UnsupportedImage
from app.imaging.header.image_header import ImageHeader

_RLE_HEADER = 64
_ITEM = b"\xfe\xff\x00\xe0"
MAX_FRAGMENTS = 100_000
JPEG_START, J2K_START, J2K_BOX = b"\xff\xd8", b"\xff\x4f", b"\x00\x00\x00\x0c"


@dataclass(frozen=True)
class FrameIndex:
    """The pieces (start, length) of each frame, as byte offsets in the file. Native 1-bit frames may share bytes."""

    frames: tuple[tuple[tuple[int, int], ...], ...]

    def pieces(self, frame: int) -> tuple[tuple[int, int], ...]:
        """The pieces of frame `frame`, from 0. Raises IndexError when there is no such frame."""
        if frame < 0:
            raise IndexError(frame)
        return self.frames[frame]

    def to_bytes(self) -> bytes:
        """For each frame `uint32 pieces, (uint64 start, uint32 length) ...`: 4 bytes per frame and 12 per piece."""
        return b"".join(
            struct.pack(">I", len(pieces)) + b"".join(struct.pack(">QI", *piece) for piece in pieces)
            for pieces in self.frames
        )

    @staticmethod
    def from_bytes(raw: bytes) -> FrameIndex:
        return _taken_apart(raw)


# Cached: a reader of all frames of an object calls this once for each frame, and an index may hold 20 000 frames.
@lru_cache(maxsize=4)
def _taken_apart(raw: bytes) -> FrameIndex:
    frames, at = [], 0
    while at < len(raw):
        (count,) = struct.unpack_from(">I", raw, at)
        at += 4
        frames.append(tuple(struct.unpack_from(">QI", raw, at + 12 * piece) for piece in range(count)))
        at += 12 * count
    return FrameIndex(tuple(frames))


def index_native(header: ImageHeader, value_offset: int, value_length: int) -> FrameIndex:
    """Frames of uncompressed pixels at `value_offset`. An incomplete frame gets no pieces."""
    return FrameIndex(
        tuple(native_pieces(header, number, value_offset, value_length) for number in range(header.number_of_frames))
    )


def native_pieces(
    header: ImageHeader, number: int, value_offset: int, value_length: int
) -> tuple[tuple[int, int], ...]:
    """The one piece of frame `number`; empty when the frame is not complete."""
    bits = header.rows * header.columns * header.samples_per_pixel * header.bits_allocated
    whole = -(-header.number_of_frames * bits // 8)
    if header.photometric_interpretation == "YBR_FULL_422" and value_length < whole:  # some say 422 but store 444
        bits = bits * 2 // 3
    start, end = number * bits // 8, -(-(number + 1) * bits // 8)
    if header.words_swapped:
        start, end = start - start % 2, end + end % 2
    return ((value_offset + start, end - start),) if end <= value_length else ()


def index_encapsulated(
    file: BinaryIO, value_offset: int, header: ImageHeader, extended: Sequence[tuple[int, int]] | None = None
) -> FrameIndex:
    """Frames of encapsulated pixels at `value_offset`. An incomplete frame gets no pieces.

    `extended`: the Extended Offset Table with lengths, when the header has one (PS3.3 C.7.6.3.1.8). Raises
    UnsupportedImage when the pixels are not a sequence of fragments, or when there are too many fragments.
    """
    end = file.seek(0, 2)
    file.seek(value_offset)
    table = _item(file)
    if table is None or value_offset + 8 + table > end:
        raise UnsupportedImage(NotShown.NO_OFFSET_TABLE)
    if _starts_a_frame(file.read(min(table, 8))):  # there is no table, not even an empty one (PS3.5 A.4)
        table = -8
    file.seek(value_offset + 8)
    # A table of another length is ignored: its length is only a claim, so it is not even read.
    offsets = list(struct.unpack(f"<{table // 4}I", file.read(table))) if table == 4 * header.number_of_frames else []
    if extended and len(extended) == header.number_of_frames:
        offsets = [offset for offset, _ in extended]
    first = value_offset + 8 + table
    fragments = _fragments(file, first)
    frames = _by_offsets(fragments, [first + offset for offset in offsets], header.number_of_frames)
    if frames is None:
        frames = _without_table(file, fragments, header.number_of_frames)
    return FrameIndex(tuple(() if any(sum(piece) > end for piece in pieces) else pieces for pieces in frames))


def _starts_a_frame(head: bytes) -> bool:
    """Whether a fragment with these first eight bytes begins a code stream, or RLE segments (PS3.5 G.5)."""
    segments, first = struct.unpack("<II", head.ljust(8, b"\0"))
    return head.startswith((JPEG_START, J2K_START, J2K_BOX)) or (0 < segments < 16 and first == _RLE_HEADER)


def _fragments(file: BinaryIO, first: int) -> list[tuple[int, int]]:
    file.seek(first)
    fragments: list[tuple[int, int]] = []
    while (length := _item(file)) is not None:
        if len(fragments) == MAX_FRAGMENTS:
            raise UnsupportedImage(NotShown.TOO_MANY_FRAGMENTS)
        fragments.append((file.tell(), length))
        file.seek(length, 1)
    return fragments


def _item(file: BinaryIO) -> int | None:
    """Read the head of an item and return the length of its value; None when no item of known length starts here."""
    head = file.read(8)
    if len(head) < 8 or head[:4] != _ITEM:
        return None
    (length,) = struct.unpack("<I", head[4:])
    return None if length == 0xFFFFFFFF else int(length)


Frames = list[tuple[tuple[int, int], ...]]


def _by_offsets(fragments: list[tuple[int, int]], starts: list[int], frames: int) -> Frames | None:
    """The fragments grouped into frames. `starts`: offsets of item tags. None when they contradict the fragments."""
    if len(starts) != frames:
        return None
    tags = {start - 8: number for number, (start, _) in enumerate(fragments)}
    try:
        firsts = [tags[start] for start in starts]
    except KeyError:
        return None
    if firsts != sorted(set(firsts)) or firsts[:1] != [0]:
        return None
    bounds = [*firsts[1:], len(fragments)]
    return [tuple(fragments[first:last]) for first, last in zip(firsts, bounds, strict=True)]


def _without_table(file: BinaryIO, fragments: list[tuple[int, int]], frames: int) -> Frames:
    """The fragments grouped into frames without a table.

    A single frame gets all fragments. With as many fragments as frames, each frame gets one, also with as many that
    hold anything. Else a frame starts where a code stream starts.
    """
    if frames == 1 or not fragments:
        return [tuple(fragments)] * frames
    if len(fragments) != frames:
        fragments = [fragment for fragment in fragments if fragment[1]]
    if len(fragments) == frames:
        return [(fragment,) for fragment in fragments]
    grouped: list[list[tuple[int, int]]] = []
    for start, length in fragments:
        file.seek(start)
        if _starts_a_frame(file.read(min(length, 8))) or not grouped:
            grouped.append([])
        grouped[-1].append((start, length))
    found: Frames = [tuple(group) for group in grouped[:frames]]
    return found + [()] * (frames - len(found))
