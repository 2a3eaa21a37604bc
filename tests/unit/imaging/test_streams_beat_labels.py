"""A code stream says how it is coded and what its components are; the object's labels may be wrong about it."""

from __future__ import annotations

from typing import Any

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from app.imaging.codecs.decode import decode_frame
from app.imaging.display.window import Shown, to_display
from app.imaging.errors import UndecodableFrame
from tests.factories.images import image_header
from tests.factories.jpeg_streams import BARS, JFIF, adobe, bars, bars_as_jpeg

BASELINE, EXTENDED, LOSSLESS, J2K_LOSSLESS, J2K = (
    f"1.2.840.10008.1.2.4.{end}" for end in ("50", "51", "70", "90", "91")
)
COLOUR: dict[str, Any] = {
    "rows": 16,
    "columns": 96,
    "samples_per_pixel": 3,
    "bits_allocated": 8,
    "bits_stored": 8,
    "high_bit": 7,
    "signed": False,
}


def shown(stream: bytes, label: str, syntax: str = BASELINE) -> Shown:
    header = image_header(transfer_syntax_uid=syntax, photometric_interpretation=label, **COLOUR)
    return to_display(decode_frame(header, stream), header)


def farthest(picture: Shown) -> int:
    """From the colours of the bars, in their middles."""
    return int(np.abs(picture[8, 8::16].astype(int) - np.array(BARS)).max())


@pytest.mark.parametrize("label", ["RGB", "YBR_FULL", "YBR_FULL_422"])
@pytest.mark.parametrize(
    ("stored", "markers", "ids", "subsampling"),
    [
        ("YCBCR", JFIF, b"\1\2\3", "444"),
        ("YCBCR", JFIF, b"\1\2\3", "420"),
        ("YCBCR", JFIF + adobe(0), b"\1\2\3", "444"),
        ("YCBCR", adobe(1), b"\1\2\3", "444"),
        ("YCBCR", adobe(1), b"RGB", "444"),
        ("YCBCR", b"", b"\1\2\3", "422"),
        ("RGB", adobe(0), b"\1\2\3", "444"),
        ("RGB", adobe(0), b"RGB", "444"),
        ("RGB", b"", b"RGB", "444"),
    ],
)
def test_the_markers_of_a_jpeg_stream_beat_the_label(
    stored: str, markers: bytes, ids: bytes, subsampling: str, label: str
) -> None:
    stream = bars_as_jpeg(stored, markers=markers, ids=ids, subsampling=subsampling)
    assert farthest(shown(stream, label)) <= 6


@pytest.mark.parametrize(("stored", "label"), [("RGB", "RGB"), ("YCBCR", "YBR_FULL"), ("YCBCR", "YBR_FULL_422")])
def test_the_label_decides_where_the_stream_is_silent(stored: str, label: str) -> None:
    assert farthest(shown(bars_as_jpeg(stored), label)) <= 6


@pytest.mark.parametrize("label", ["RGB", "YBR_RCT", "YBR_ICT", "YBR_FULL"])
@pytest.mark.parametrize("reversible", [True, False])
def test_the_component_transformation_of_a_jpeg_2000_stream_beats_the_label(label: str, reversible: bool) -> None:
    stream = bytes(imagecodecs.jpeg2k_encode(bars(), level=0 if reversible else 60, reversible=reversible, mct=True))
    assert farthest(shown(stream, label, J2K)) <= 6


@pytest.mark.parametrize("label", ["RGB", "YBR_RCT", "YBR_ICT"])
def test_components_that_a_jpeg_2000_stream_did_not_transform_are_what_they_are(label: str) -> None:
    assert farthest(shown(bytes(imagecodecs.jpeg2k_encode(bars(), mct=False)), label, J2K_LOSSLESS)) == 0


@pytest.mark.parametrize("label", ["RGB", "YBR_RCT", "YBR_FULL"])
def test_a_box_that_says_sycc_beats_the_label_and_colours_are_converted_once(label: str) -> None:
    ybr = np.asarray(Image.fromarray(bars()).convert("YCbCr"))
    stream = bytes(imagecodecs.jpeg2k_encode(ybr, level=0, mct=False, codecformat="JP2", colorspace="SYCC"))
    assert farthest(shown(stream, label, J2K_LOSSLESS)) <= 2


@pytest.mark.parametrize(("label", "is_rgb"), [("RGB", True), ("YBR_RCT", True), ("YBR_FULL", False)])
def test_a_box_that_says_srgb_says_nothing(label: str, is_rgb: bool) -> None:
    stored = bars() if is_rgb else np.asarray(Image.fromarray(bars()).convert("YCbCr"))
    stream = bytes(imagecodecs.jpeg2k_encode(stored, level=0, mct=False, codecformat="JP2", colorspace="SRGB"))
    assert farthest(shown(stream, label, J2K_LOSSLESS)) <= 2


@pytest.mark.parametrize("syntax", [BASELINE, EXTENDED, LOSSLESS, J2K])
@pytest.mark.parametrize("coded", ["DCT", "lossless", "JPEG-LS", "JPEG 2000"])
def test_the_stream_decides_how_it_is_decoded(coded: str, syntax: str) -> None:
    pixels = np.add.outer(np.arange(16, dtype=np.uint8) * 3, np.arange(24, dtype=np.uint8))
    encode: dict[str, Any] = {
        "DCT": lambda: imagecodecs.jpeg8_encode(pixels, level=100),
        "lossless": lambda: imagecodecs.ljpeg_encode(pixels),
        "JPEG-LS": lambda: imagecodecs.jpegls_encode(pixels),
        "JPEG 2000": lambda: imagecodecs.jpeg2k_encode(pixels),
    }
    header = image_header(
        transfer_syntax_uid=syntax, rows=16, columns=24, bits_allocated=8, bits_stored=8, high_bit=7, signed=False
    )
    found = decode_frame(header, bytes(encode[coded]())).pixels
    assert np.abs(found.astype(int) - pixels).max() <= (1 if coded == "DCT" else 0)


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.8.1"])
@pytest.mark.parametrize("boxed", ["JPEG", "J2K", "JP2"])
def test_a_stream_under_the_label_of_another_coding_is_decoded_as_what_it_is(boxed: str, syntax: str) -> None:
    pixels = np.random.default_rng(1).integers(
        0, 256, (16, 24), np.uint8
    )  # noise: the stream is longer than the pixels
    stream = (
        imagecodecs.ljpeg_encode(pixels) if boxed == "JPEG" else imagecodecs.jpeg2k_encode(pixels, codecformat=boxed)
    )
    described = {"rows": 16, "columns": 24, "bits_allocated": 8, "bits_stored": 8, "high_bit": 7, "signed": False}
    assert (decode_frame(image_header(transfer_syntax_uid=syntax, **described), bytes(stream)).pixels == pixels).all()


@pytest.mark.parametrize("syntax", [BASELINE, LOSSLESS, J2K, "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.201"])
def test_samples_under_the_label_of_a_stream_are_samples_when_they_have_their_very_size(syntax: str) -> None:
    values = np.arange(-12, 12, dtype=np.int16).reshape(4, 6)
    header = image_header(transfer_syntax_uid=syntax)
    assert (decode_frame(header, values.tobytes()).pixels == values).all()
    for other in (values.tobytes()[:-1], values.tobytes() + bytes(2)):
        with pytest.raises(UndecodableFrame):
            decode_frame(header, other)


def test_more_bytes_than_samples_are_refused() -> None:
    with pytest.raises(UndecodableFrame):
        decode_frame(image_header(), bytes(48 + 8))


@pytest.mark.parametrize(
    ("coded", "signed"), [("JPEG", False), ("JPEG 2000", False), ("JPEG 2000", True), ("JPEG-LS", False)]
)
def test_what_a_lossy_codec_overshoots_takes_the_nearest_stored_value(coded: str, signed: bool) -> None:
    low, high = (-512, 511) if signed else (0, 1023)
    pixels = np.full((64, 64), low, np.int16)
    pixels[:, ::2] = high  # sharp edges between the ends: every lossy codec passes them
    pixels[20:40, 20:40] = high
    overshot: dict[str, Any] = {
        "JPEG": lambda: imagecodecs.jpeg8_encode((pixels.astype(np.uint16) & 0xFFF), level=70, bitspersample=12),
        "JPEG 2000": lambda: imagecodecs.jpeg2k_encode(
            pixels if signed else pixels.astype(np.uint16), level=60, reversible=False, bitspersample=16
        ),
        "JPEG-LS": lambda: imagecodecs.jpegls_encode(pixels.astype(np.uint16), level=9),
    }
    header = image_header(
        transfer_syntax_uid={"JPEG": EXTENDED, "JPEG 2000": J2K, "JPEG-LS": "1.2.840.10008.1.2.4.81"}[coded],
        rows=64,
        columns=64,
        bits_stored=10,
        high_bit=9,
        signed=signed,
    )
    stream = bytes(overshot[coded]())
    plain = decode_frame(image_header(**{**vars(header), "bits_stored": 16, "high_bit": 15}), stream).pixels
    assert plain.max() > high or plain.min() < low  # it does reach the state this is about
    found = decode_frame(header, stream).pixels
    assert (found == plain.clip(low, high)).all()


@pytest.mark.parametrize("syntax", [LOSSLESS, J2K_LOSSLESS, "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81"])
def test_bits_around_lossless_values_are_no_picture(syntax: str) -> None:
    values = np.arange(24, dtype=np.uint16).reshape(4, 6) * 40
    words = values | 0x8000  # an old overlay
    encode = {LOSSLESS: imagecodecs.ljpeg_encode, J2K_LOSSLESS: imagecodecs.jpeg2k_encode}
    stream = bytes(encode.get(syntax, imagecodecs.jpegls_encode)(words))
    header = image_header(transfer_syntax_uid=syntax, bits_stored=10, high_bit=9, signed=False)
    assert (decode_frame(header, stream).pixels == values).all()
