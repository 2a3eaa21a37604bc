"""Encoded frame bytes -> stored pixel values, by transfer syntax. Display is in `window`, limits are in `sandbox`.

imagecodecs decodes. It was the only tried library that survived every mutated frame (docs/adr/0003).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import imagecodecs
import numpy as np
import numpy.typing as npt

from app.imaging.codecs.code_stream import claimed_size
from app.imaging.errors import UndecodableFrame
from app.imaging.header.image_header import ImageHeader

Pixels = npt.NDArray[np.generic]

IMPLICIT_LE, EXPLICIT_LE, DEFLATED_LE, EXPLICIT_BE = (
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2.1.99",
    "1.2.840.10008.1.2.2",
)
DEFLATED_FRAME = "1.2.840.10008.1.2.8.1"
RLE = "1.2.840.10008.1.2.5"
JPEG_END = b"\xff\xd9"


@dataclass(frozen=True)
class Codec:
    """How one transfer syntax decodes."""

    name: str
    decode: Callable[[ImageHeader, bytes], Pixels]
    to_rgb: frozenset[str] = frozenset()
    """Photometric interpretations that the decoder itself converts to RGB."""
    bit_packed: bool = False
    """A byte holds eight 1-bit pixels; else each pixel has its own sample."""
    has_size: bool = False
    """The code stream tells the size of its picture."""


def decode_frame(header: ImageHeader, frame: bytes, index: int = 0) -> Pixels:
    """Stored values of one frame: (rows, columns) or (rows, columns, samples), sign restored, high bits masked.

    `index` counts from 0. It matters for native 1-bit frames, which may start inside a byte, and for swapped words.
    Raises UndecodableFrame when the bytes do not decode to exactly the described frame, MemoryError when memory runs
    out.
    """
    codec = CODECS.get(header.transfer_syntax_uid)
    if codec is None:
        raise UndecodableFrame("no decoder for this transfer syntax")
    if not frame:
        raise UndecodableFrame("the frame is missing")
    described = (header.rows, header.columns, header.samples_per_pixel)
    if codec.has_size and claimed_size(frame) not in (None, described):
        raise UndecodableFrame(f"{codec.name}: another size than described")
    try:
        if header.bits_allocated == 1 and codec.bit_packed:
            return _one_bit(header, frame, index)
        pixels = codec.decode(header, _unswapped(header, frame, index) if header.words_swapped else frame)
    except (UndecodableFrame, MemoryError):
        raise
    except Exception as error:  # each codec raises its own errors; here all mean the same
        raise UndecodableFrame(f"{codec.name}: {type(error).__name__}") from None
    return _stored_values(header, _shaped(header, pixels))


def colour_space(header: ImageHeader) -> str:
    """The photometric interpretation of what `decode_frame` returns."""
    codec = CODECS.get(header.transfer_syntax_uid)
    stored = header.photometric_interpretation
    return "RGB" if codec is not None and stored in codec.to_rgb else stored


def _native(header: ImageHeader, frame: bytes) -> Pixels:
    count = header.rows * header.columns * header.samples_per_pixel
    if header.photometric_interpretation == "YBR_FULL_422" and len(frame) < count:
        return _unpack_422(header, frame)
    order = ">" if header.transfer_syntax_uid == EXPLICIT_BE else "<"
    if header.pixel_keyword == "PixelData":
        kind = f"{order}u{header.bits_allocated // 8}"
    else:
        kind = f"{order}f{header.bits_allocated // 8}"
    pixels = np.frombuffer(frame, kind, count)
    if header.samples_per_pixel > 1 and header.planar_configuration == 1:
        return pixels.reshape(header.samples_per_pixel, header.rows, header.columns).transpose(1, 2, 0)
    return pixels


def _unswapped(header: ImageHeader, frame: bytes, index: int) -> bytes:
    """The bytes of an 8-bit frame that is stored in big-endian words; the frame may start in the middle of a word."""
    plain = np.frombuffer(frame, ">u2").astype("<u2").tobytes()
    return plain[index * header.rows * header.columns * header.samples_per_pixel % 2 :]


def _unpack_422(header: ImageHeader, frame: bytes) -> Pixels:
    """YBR_FULL_422 -> YBR_FULL (PS3.3 C.7.6.3.1.2): two luminances share one pair of chrominances, Y1 Y2 Cb Cr."""
    groups = np.frombuffer(frame, np.uint8, header.rows * header.columns * 2).reshape(-1, 4)
    pixels = np.empty((len(groups), 2, 3), np.uint8)
    pixels[:, :, 0] = groups[:, :2]
    pixels[:, :, 1:] = groups[:, np.newaxis, 2:]
    return pixels.reshape(header.rows, header.columns, 3)


def _deflated(header: ImageHeader, frame: bytes) -> Pixels:
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
        frame = bytes(imagecodecs.packbits_decode(frame[64:]))
    elif header.transfer_syntax_uid == DEFLATED_FRAME:
        frame = inflate(frame, _native_size(header))
    else:
        skip = index * count % 8
    bits = np.unpackbits(np.frombuffer(frame, np.uint8), bitorder="little")[skip : skip + count]
    if bits.size != count:
        raise UndecodableFrame("fewer pixels than described")
    return bits.reshape(header.rows, header.columns)


def _rle(header: ImageHeader, frame: bytes) -> Pixels:
    bytes_each = header.bits_allocated // 8
    planes = imagecodecs.dicomrle_decode(frame, dtype=np.dtype(f"<u{bytes_each}"))
    count = header.rows * header.columns
    pixels = np.frombuffer(planes, f"<u{bytes_each}", count * header.samples_per_pixel)
    if header.samples_per_pixel > 1:
        return pixels.reshape(header.samples_per_pixel, header.rows, header.columns).transpose(1, 2, 0)
    return pixels


def _jpeg(header: ImageHeader, frame: bytes) -> Pixels:
    """Baseline and extended JPEG. The header names the stored colour space; the codec must not guess (PS3.5 8.2.1)."""
    _check_end(frame)
    if header.samples_per_pixel == 1:
        return np.asarray(imagecodecs.jpeg8_decode(frame))
    stored = "RGB" if header.photometric_interpretation == "RGB" else "YCBCR"
    return np.asarray(imagecodecs.jpeg8_decode(frame, colorspace=stored, outcolorspace="RGB"))


def _check_end(stream: bytes) -> None:
    """Raise UndecodableFrame for a stream without end-of-image marker (ITU-T T.81 B.1.1.3): it is cut off.

    Decoders would fill the rest with grey. A patient must see a complete picture or none.
    """
    if JPEG_END not in stream:
        raise UndecodableFrame("the JPEG stream is cut off")


def _lossless_jpeg(header: ImageHeader, frame: bytes) -> Pixels:
    _check_end(frame)
    if header.samples_per_pixel == 1:
        return np.asarray(imagecodecs.ljpeg_decode(frame))
    return np.asarray(imagecodecs.jpegsof3_decode(frame))


def _jpeg_ls(header: ImageHeader, frame: bytes) -> Pixels:
    return np.asarray(imagecodecs.jpegls_decode(frame))


def _jpeg_2000(header: ImageHeader, frame: bytes) -> Pixels:
    return np.asarray(imagecodecs.jpeg2k_decode(frame))


def _shaped(header: ImageHeader, pixels: Pixels) -> Pixels:
    shape: tuple[int, ...] = (header.rows, header.columns)
    if header.samples_per_pixel > 1:
        shape += (header.samples_per_pixel,)
    if pixels.size != int(np.prod(shape)):
        raise UndecodableFrame("other pixels than described")
    if pixels.ndim == 3 and pixels.shape != shape and pixels.shape[0] == header.samples_per_pixel:
        pixels = pixels.transpose(1, 2, 0)
    return pixels.reshape(shape)


def _stored_values(header: ImageHeader, pixels: Pixels) -> Pixels:
    """The `bits_stored` bits up to `high_bit`, sign-extended when pixels are signed (PS3.5 8.1.1)."""
    if pixels.dtype.kind == "f":
        return pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
    size = max(pixels.dtype.itemsize, 1 if header.bits_stored <= 8 else 2 if header.bits_stored <= 16 else 4)
    unsigned = pixels.astype(f"=u{size}", copy=False)
    shift = header.high_bit + 1 - header.bits_stored
    if shift > 0 and header.transfer_syntax_uid in NATIVE:
        unsigned = unsigned >> shift
    if header.signed:
        spare = 8 * size - header.bits_stored
        signed: Pixels = (unsigned << spare).view(f"=i{size}") >> spare
        return signed
    if header.bits_stored < 8 * size:
        masked: Pixels = unsigned & unsigned.dtype.type((1 << header.bits_stored) - 1)
        return masked
    return unsigned


NATIVE = frozenset({IMPLICIT_LE, EXPLICIT_LE, DEFLATED_LE, EXPLICIT_BE})
_JPEG_TO_RGB = frozenset({"RGB", "YBR_FULL", "YBR_FULL_422"})
_J2K_TO_RGB = frozenset({"RGB", "YBR_ICT", "YBR_RCT"})
_PREFIX = "1.2.840.10008.1.2.4."
CODECS: dict[str, Codec] = {
    **{uid: Codec("native", _native, bit_packed=True) for uid in sorted(NATIVE)},
    DEFLATED_FRAME: Codec("deflated frame", _deflated, bit_packed=True),
    RLE: Codec("RLE", _rle, bit_packed=True),
    **{_PREFIX + end: Codec("JPEG", _jpeg, _JPEG_TO_RGB, has_size=True) for end in ("50", "51", "53", "55")},
    **{_PREFIX + end: Codec("JPEG lossless", _lossless_jpeg, has_size=True) for end in ("57", "70")},
    **{_PREFIX + end: Codec("JPEG-LS", _jpeg_ls, has_size=True) for end in ("80", "81")},
    **{_PREFIX + end: Codec("JPEG 2000", _jpeg_2000, _J2K_TO_RGB, has_size=True) for end in ("90", "91", "92", "93")},
    **{_PREFIX + end: Codec("HTJ2K", _jpeg_2000, _J2K_TO_RGB, has_size=True) for end in ("201", "202", "203")},
}
