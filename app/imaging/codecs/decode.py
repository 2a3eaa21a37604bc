"""Encoded frame bytes -> stored pixel values, by transfer syntax. Code streams are `stream_decoding`, display is
`window`, limits are `sandbox`."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from app.imaging.codecs.byte_order import unswapped
from app.imaging.codecs.code_stream import CodeStream, Process, read_stream
from app.imaging.codecs.run_lengths import byte_planes, rle_pixels
from app.imaging.codecs.stored_values import Pixels, bit_planes, clamped, masked
from app.imaging.codecs.stream_decoding import LOSSLESS, PROCESSES, STREAMED, is_filled_up, lost_from
from app.imaging.codecs.working_copy import WORKING_COPY, unpacked
from app.imaging.errors import UndecodableFrame
from app.imaging.header.image_header import ImageHeader
from app.imaging.header.overlay import Bits

IMPLICIT_LE, EXPLICIT_LE, DEFLATED_LE, EXPLICIT_BE = (
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2.1.99",
    "1.2.840.10008.1.2.2",
)
DEFLATED_FRAME = "1.2.840.10008.1.2.8.1"
RLE = "1.2.840.10008.1.2.5"


@dataclass(frozen=True)
class DecodedFrame:
    """Stored values of one frame, and what only decoding could tell of them."""

    pixels: Pixels
    colour_space: str
    """The photometric interpretation of `pixels`."""
    planes: dict[int, Bits] = field(default_factory=dict)
    """Overlay planes that lie in the pixels' other bits, by their position."""
    lost_from: int | None = None
    """The first row that a damaged stream does not hold any more, at most the number of rows; None when it is whole."""

    known: dict[str, Any] = field(default_factory=dict, compare=False)
    """What was computed of the whole frame, for as long as it is kept."""

    @property
    def nbytes(self) -> int:
        return self.pixels.nbytes


@dataclass(frozen=True)
class Codec:
    """How one transfer syntax decodes."""

    name: str
    decode: Callable[[ImageHeader, bytes], tuple[Pixels, int | None]]
    """To pixels, and the first row that is not whole of a frame whose end is missing."""
    bit_packed: bool = False
    """1-bit pixels come eight a byte, not one a sample."""


def decode_frame(header: ImageHeader, frame: bytes, index: int = 0) -> DecodedFrame:
    """Stored values of one frame: (rows, columns) or (rows, columns, samples), sign restored, within Bits Stored.

    `index` counts from 0 and matters for native 1-bit frames, which may start inside a byte.
    Raises UndecodableFrame for anything that does not decode to exactly the described frame, MemoryError when that
    needs more than there is. Of a code stream whose end is missing what is there is decoded, and `lost_from` says so.
    """
    if header.transfer_syntax_uid == WORKING_COPY:
        with _refusing(WORKING_COPY):
            return DecodedFrame(unpacked(frame, header.rows, header.columns), header.photometric_interpretation)
    if header.transfer_syntax_uid not in DECODED:
        raise UndecodableFrame("no decoder for this transfer syntax")
    if not frame:
        raise UndecodableFrame("the frame is missing")
    if (stream := read_stream(frame)) is not None and _is_meant(header, stream):
        return _streamed(header, frame, stream)
    return _of_samples(header, frame, index)


def _is_meant(header: ImageHeader, stream: CodeStream) -> bool:
    """A label of another coding is wrong where the bytes are a stream of the very picture that the header describes."""
    described = (header.rows, header.columns, header.samples_per_pixel)
    return header.transfer_syntax_uid in STREAMED or stream.size == described


def _of_samples(header: ImageHeader, frame: bytes, index: int) -> DecodedFrame:
    """A frame that is no code stream. One that is labelled so, and has the very size of its samples, holds these."""
    name = STREAMED.get(header.transfer_syntax_uid)
    if name is not None:
        if not 0 <= len(frame) - _native_size(header) <= 1 or header.bits_allocated == 1:
            raise UndecodableFrame(f"{name}: no code stream")
        header = replace(header, transfer_syntax_uid=EXPLICIT_LE)
    codec = CODECS[header.transfer_syntax_uid]
    planes: dict[int, Bits] = {}
    first_lost: int | None = None
    with _refusing(codec.name):
        if header.bits_allocated == 1 and codec.bit_packed:
            pixels = _one_bit(header, frame, index)
        else:
            bytes_ = unswapped(header, frame, index) if header.words_swapped else frame
            decoded, first_lost = codec.decode(header, bytes_)
            words = _shaped(header, decoded)
            planes = bit_planes(header, words)
            pixels = masked(header, words, is_native=header.transfer_syntax_uid in NATIVE)
    return DecodedFrame(pixels, header.photometric_interpretation, planes, first_lost)


def _streamed(header: ImageHeader, frame: bytes, stream: CodeStream) -> DecodedFrame:
    """A code stream: its own markers say how it is coded (PS3.5 8.2 leaves that to the label, which may be wrong)."""
    described = (header.rows, header.columns, header.samples_per_pixel)
    name = stream.process.value
    if stream.size not in (None, described):
        raise UndecodableFrame(f"{name}: another size than described")
    with _refusing(name):
        pixels, colour_space = PROCESSES[stream.process](header, frame, stream)
        pixels = _shaped(header, pixels)
    is_whole = stream.is_whole and not is_filled_up(header, frame, stream, pixels)
    first_lost = None if is_whole else _first_lost(stream, pixels)
    is_lossy = header.transfer_syntax_uid not in LOSSLESS if stream.is_lossy is None else stream.is_lossy
    planes = {} if is_lossy else bit_planes(header, pixels)
    pixels = clamped(header, pixels, stream.precision) if is_lossy else masked(header, pixels)
    return DecodedFrame(pixels, colour_space, planes, first_lost)


def _first_lost(stream: CodeStream, pixels: Pixels) -> int:
    """JPEG 2000 is coded by detail, not by rows: no row of a stream that is cut off is lost as a whole."""
    return len(pixels) if stream.process is Process.JPEG_2000 else lost_from(pixels, stream.precision)


@contextmanager
def _refusing(name: str) -> Iterator[None]:
    try:
        yield
    except (UndecodableFrame, MemoryError):
        raise
    except Exception as error:  # codecs raise their own kinds; all mean the same here
        raise UndecodableFrame(f"{name}: {type(error).__name__}") from None


def _native(header: ImageHeader, frame: bytes) -> tuple[Pixels, None]:
    count = header.rows * header.columns * header.samples_per_pixel
    if header.photometric_interpretation == "YBR_FULL_422" and len(frame) < count:
        return _unpack_422(header, frame), None
    if len(frame) > _native_size(header) + 1:
        raise UndecodableFrame("native: more than described")
    order = ">" if header.transfer_syntax_uid == EXPLICIT_BE else "<"
    if header.pixel_keyword == "PixelData":
        kind = f"{order}u{header.bits_allocated // 8}"
    else:
        kind = f"{order}f{header.bits_allocated // 8}"
    pixels = np.frombuffer(frame, kind, count)
    if header.samples_per_pixel > 1 and header.planar_configuration == 1:
        return pixels.reshape(header.samples_per_pixel, header.rows, header.columns).transpose(1, 2, 0), None
    return pixels, None


def _unpack_422(header: ImageHeader, frame: bytes) -> Pixels:
    """YBR_FULL_422 -> YBR_FULL (PS3.3 C.7.6.3.1.2): two luminances share one pair of chrominances, Y1 Y2 Cb Cr."""
    groups = np.frombuffer(frame, np.uint8, header.rows * header.columns * 2).reshape(-1, 4)
    pixels = np.empty((len(groups), 2, 3), np.uint8)
    pixels[:, :, 0] = groups[:, :2]
    pixels[:, :, 1:] = groups[:, np.newaxis, 2:]
    return pixels.reshape(header.rows, header.columns, 3)


def _deflated(header: ImageHeader, frame: bytes) -> tuple[Pixels, None]:
    return _native(header, inflate(frame, _native_size(header)))


def inflate(data: bytes, limit: int) -> bytes:
    """The inflated data (raw deflate, RFC 1951). Raises UndecodableFrame beyond `limit` bytes and a pad byte."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    plain = inflater.decompress(data, limit + 2)
    if len(plain) > limit + 1:
        raise UndecodableFrame("inflates to more than described")
    return plain


def _native_size(header: ImageHeader) -> int:
    return -(-header.rows * header.columns * header.samples_per_pixel * header.bits_allocated // 8)


def _one_bit(header: ImageHeader, frame: bytes, index: int) -> Pixels:
    """1-bit pixels (PS3.5 8.1.1): eight pixels a byte, the first pixel in the least significant bit."""
    count, skip = header.rows * header.columns, 0
    if header.transfer_syntax_uid == RLE:
        frame, known = byte_planes(frame, 1, _native_size(header))
        if known != len(frame):
            raise UndecodableFrame("RLE: fewer pixels than described")
    elif header.transfer_syntax_uid == DEFLATED_FRAME:
        frame = inflate(frame, _native_size(header))
    else:
        skip = index * count % 8
    bits = np.unpackbits(np.frombuffer(frame, np.uint8), bitorder="little")[skip : skip + count]
    if bits.size != count:
        raise UndecodableFrame("fewer pixels than described")
    return bits.reshape(header.rows, header.columns)


def _shaped(header: ImageHeader, pixels: Pixels) -> Pixels:
    shape: tuple[int, ...] = (header.rows, header.columns)
    if header.samples_per_pixel > 1:
        shape += (header.samples_per_pixel,)
    if pixels.size != int(np.prod(shape)):
        raise UndecodableFrame("other pixels than described")
    if pixels.ndim == 3 and pixels.shape != shape and pixels.shape[0] == header.samples_per_pixel:
        pixels = pixels.transpose(1, 2, 0)
    return pixels.reshape(shape)


NATIVE = frozenset({IMPLICIT_LE, EXPLICIT_LE, DEFLATED_LE, EXPLICIT_BE})
CODECS: dict[str, Codec] = {
    **{uid: Codec("native", _native, bit_packed=True) for uid in sorted(NATIVE)},
    DEFLATED_FRAME: Codec("deflated frame", _deflated, bit_packed=True),
    RLE: Codec("RLE", rle_pixels, bit_packed=True),
}
DECODED = frozenset(CODECS) | frozenset(STREAMED)
"""The transfer syntaxes whose pixels can be shown."""
