"""Code streams (JPEG, JPEG-LS, JPEG 2000) to arrays, by what each says of itself. Other codings are `decode`.

imagecodecs does the decoding: of the libraries tried it alone survived every mutated frame (docs/adr/0003).
"""

from __future__ import annotations

from contextlib import suppress

import imagecodecs
import numpy as np

from app.imaging.codecs.code_stream import J2K_START, CodeStream, Process
from app.imaging.codecs.stored_values import Pixels
from app.imaging.errors import UndecodableFrame
from app.imaging.header.image_header import ImageHeader

Decoded = tuple[Pixels, str]


def _dct(header: ImageHeader, frame: bytes, stream: CodeStream) -> Decoded:
    """Baseline, extended and progressive JPEG. What the stream says of its components goes before the label; where it
    is silent RGB is stored as it is (PS3.5 8.2.1)."""
    if header.samples_per_pixel == 1:
        return np.asarray(imagecodecs.jpeg8_decode(frame)), header.photometric_interpretation
    is_rgb = header.photometric_interpretation == "RGB" if stream.is_rgb is None else stream.is_rgb
    stored = "RGB" if is_rgb else "YCBCR"
    return np.asarray(imagecodecs.jpeg8_decode(frame, colorspace=stored, outcolorspace="RGB")), "RGB"


def _lossless_jpeg(header: ImageHeader, frame: bytes, stream: CodeStream) -> Decoded:
    """libjpeg is the decoder that knows restart intervals and point transforms (ITU-T T.81 H.1), and goes on at the end
    of a stream that is cut off. Components come out as they are stored: markers say what they are, or the label does.
    """
    if header.samples_per_pixel == 1:
        return np.asarray(imagecodecs.jpeg8_decode(frame)), header.photometric_interpretation
    pixels = np.asarray(imagecodecs.jpeg8_decode(frame, colorspace="RGB", outcolorspace="RGB"))
    told = {True: "RGB", False: "YBR_FULL", None: header.photometric_interpretation}
    return pixels, told[stream.is_rgb]


def _jpeg_ls(header: ImageHeader, frame: bytes, stream: CodeStream) -> Decoded:
    """The decoder writes row by row, and gives up at the end of a stream that is cut off: what it wrote stays."""
    if stream.is_whole:
        return np.asarray(imagecodecs.jpegls_decode(frame)), header.photometric_interpretation
    samples = (header.samples_per_pixel,) if header.samples_per_pixel > 1 else ()
    kind = np.uint8 if stream.precision <= 8 else np.uint16
    pixels: Pixels = np.full((header.rows, header.columns, *samples), 1 << (stream.precision - 1), kind)
    with suppress(imagecodecs.JpeglsError):
        imagecodecs.jpegls_decode(frame, out=pixels)
    if lost_from(pixels, stream.precision) == 0:
        raise UndecodableFrame("JPEG-LS: nothing is left")
    return pixels, header.photometric_interpretation


def _jpeg_2000(header: ImageHeader, frame: bytes, stream: CodeStream) -> Decoded:
    """A stream that is cut off gets zeros for what its last tile-part lacks: they stand for empty packets (ITU-T T.800
    B.10.3). So each pixel is there, with less detail. The mark of the end is put where it should be: the decoder gives
    up without it. It gets no boxes around the stream, by which it would convert colours (PS3.5 8.2.4)."""
    if frame[stream.end : stream.end + 2] != _J2K_END:
        raw = header.rows * header.columns * header.samples_per_pixel * 2
        if stream.missing_bytes > raw:
            raise UndecodableFrame("JPEG 2000: too much is missing")
        frame = frame[: stream.end] + bytes(stream.missing_bytes) + _J2K_END + frame[stream.end + 2 :]
    pixels = np.asarray(imagecodecs.jpeg2k_decode(frame[frame.index(J2K_START) :]))
    label = header.photometric_interpretation
    told = {True: "RGB", False: "YBR_FULL", None: "RGB" if label in _J2K_RGB else label}
    return pixels, told[stream.is_rgb]


def lost_from(pixels: Pixels, precision: int) -> int:
    """What is missing is filled with the middle of the range, by libjpeg too; rows that hold nothing else are lost."""
    flat = pixels.reshape(len(pixels), -1)
    is_there = (flat != 1 << (precision - 1)).any(axis=1)
    return int(is_there.nonzero()[0].max(initial=-1)) + 1


def is_filled_up(header: ImageHeader, frame: bytes, stream: CodeStream, pixels: Pixels) -> bool:
    """Whether rows of a JPEG stream are missing although its end is marked: then other bits before the mark change what
    the last rows look like. Only pictures that end in the middle of the range cost this second look."""
    if stream.process not in (Process.DCT, Process.LOSSLESS) or lost_from(pixels[-1:], stream.precision):
        return False
    longer = frame[: stream.end] + b"\x55" * pixels.nbytes + frame[stream.end :]
    with suppress(Exception):  # the decoder may refuse what these bits mean
        return not np.array_equal(PROCESSES[stream.process](header, longer, stream)[0].reshape(pixels.shape), pixels)
    return True


_J2K_END = b"\xff\xd9"
_J2K_RGB = frozenset({"RGB", "YBR_ICT", "YBR_RCT"})
_PREFIX = "1.2.840.10008.1.2.4."
_STREAMS = {
    "JPEG": ("50", "51", "53", "55"),
    "JPEG lossless": ("57", "70"),
    "JPEG-LS": ("80", "81"),
    "JPEG 2000": ("90", "91", "92", "93"),
    "HTJ2K": ("201", "202", "203"),
}
PROCESSES = {
    Process.DCT: _dct,
    Process.LOSSLESS: _lossless_jpeg,
    Process.JPEG_LS: _jpeg_ls,
    Process.JPEG_2000: _jpeg_2000,
}
STREAMED = {_PREFIX + end: name for name, ends in _STREAMS.items() for end in ends}
"""Transfer syntaxes of code streams, and what they are called."""
LOSSLESS = frozenset(_PREFIX + end for end in ("57", "70", "80", "90", "92", "201", "202"))
