"""Stored values come out of every coding as they went in: sign, odd depths, planes, colour, single bits."""

from __future__ import annotations

import zlib
from typing import Any

import imagecodecs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.uid import AllTransferSyntaxes

from app.imaging.codecs.decode import DECODED, DEFLATED_FRAME, EXPLICIT_BE, EXPLICIT_LE, decode_frame
from app.imaging.display.window import to_display
from app.imaging.errors import UndecodableFrame
from tests.factories.images import image_header
from tests.factories.reach import must_reach, reached

JPEG, JPEG_LOSSLESS, JPEG_LS, J2K = (f"1.2.840.10008.1.2.4.{end}" for end in ("50", "70", "80", "90"))
LITTLE_BIT = {"bits_allocated": 1, "bits_stored": 1, "high_bit": 0, "signed": False}
COLOUR: dict[str, Any] = {
    "samples_per_pixel": 3,
    "photometric_interpretation": "RGB",
    "bits_allocated": 8,
    "bits_stored": 8,
    "high_bit": 7,
    "signed": False,
}

# What no decoder of ours reads. Such an object is stored, served as it is, and shown as "cannot be shown".
NOT_DECODED = {
    "video": [
        f"1.2.840.10008.1.2.4.{end}"
        for end in (
            "100",
            "100.1",
            "101",
            "101.1",
            "102",
            "102.1",
            "103",
            "103.1",
            "104",
            "104.1",
            "105",
            "105.1",
            "106",
            "106.1",
            "107",
            "108",
        )
    ],
    "pixels that lie elsewhere (JPIP)": [
        "1.2.840.10008.1.2.4.94",
        "1.2.840.10008.1.2.4.95",
        "1.2.840.10008.1.2.4.204",
        "1.2.840.10008.1.2.4.205",
    ],
    "JPEG XL": [f"1.2.840.10008.1.2.4.{end}" for end in ("110", "111", "112")],
    "retired hierarchical and progressive JPEG": [
        f"1.2.840.10008.1.2.4.{end}" for end in ("52", "54", "56", "58", "59", "60", "61", "62", "63", "64", "65", "66")
    ],
    "real-time video over IP": [f"1.2.840.10008.1.2.7.{end}" for end in (1, 2, 3)],
    "retired or no image": ["1.2.840.10008.1.2.6.1", "1.2.840.10008.1.2.6.2", "1.2.840.10008.1.20"],
}


def test_every_transfer_syntax_is_decoded_or_named() -> None:
    named = {uid for uids in NOT_DECODED.values() for uid in uids}
    assert not named & DECODED
    assert {str(uid) for uid in AllTransferSyntaxes} <= named | DECODED


@must_reach("bits below", "bits above", "negative")
@given(st.integers(2, 16), st.booleans(), st.integers(0, 6), st.randoms(use_true_random=False))
def test_native_values_keep_sign_and_depth_and_lose_what_lies_around_them(
    stored: int, signed: bool, above: int, chance: Any
) -> None:
    high_bit = min(stored - 1 + above, 15)
    low, high = (-(1 << stored - 1), (1 << stored - 1) - 1) if signed else (0, (1 << stored) - 1)
    values = np.array([chance.randint(low, high) for _ in range(24)]).reshape(4, 6)
    shift = high_bit + 1 - stored
    states = {"bits below": shift > 0, "bits above": high_bit < 15, "negative": bool((values < 0).any())}
    reached(*(state for state, is_reached in states.items() if is_reached))
    words = (values & ((1 << stored) - 1)) << shift
    words |= chance.randrange(1 << 16) & ~(((1 << stored) - 1) << shift) & 0xFFFF  # overlay bits around the pixels
    header = image_header(bits_stored=stored, high_bit=high_bit, signed=signed)
    assert (decode_frame(header, words.astype("<u2").tobytes()).pixels == values).all()
    swapped = image_header(bits_stored=stored, high_bit=high_bit, signed=signed, transfer_syntax_uid=EXPLICIT_BE)
    assert (decode_frame(swapped, words.astype(">u2").tobytes()).pixels == values).all()


@pytest.mark.parametrize("syntax", [JPEG_LS, J2K, JPEG_LOSSLESS])
def test_signed_values_survive_codecs_that_know_no_sign(syntax: str) -> None:
    values = np.array([-2048, -1, 0, 1, 2047, 5] * 4, np.int16).reshape(4, 6)
    pattern = values.view(np.uint16) & 0xFFF
    encode = {JPEG_LS: imagecodecs.jpegls_encode, J2K: imagecodecs.jpeg2k_encode, JPEG_LOSSLESS: _lossless_jpeg}[syntax]
    header = image_header(transfer_syntax_uid=syntax, bits_stored=12, high_bit=11)
    assert (decode_frame(header, bytes(encode(pattern))).pixels == values).all()


def _lossless_jpeg(pixels: Any) -> bytes:
    return bytes(imagecodecs.ljpeg_encode(pixels, bitspersample=12))


def test_planes_and_interleaved_samples_give_the_same_picture() -> None:
    pixels = np.arange(72, dtype=np.uint8).reshape(4, 6, 3)
    by_pixel = decode_frame(image_header(**COLOUR), pixels.tobytes())
    by_plane = decode_frame(
        image_header(**COLOUR, planar_configuration=1), np.ascontiguousarray(pixels.transpose(2, 0, 1)).tobytes()
    )
    assert (by_pixel.pixels == pixels).all()
    assert (by_plane.pixels == pixels).all()


def test_subsampled_chrominance_is_shared_by_two_pixels() -> None:
    header = image_header(**{**COLOUR, "photometric_interpretation": "YBR_FULL_422", "rows": 1, "columns": 2})
    assert decode_frame(header, bytes([10, 20, 128, 130])).pixels.tolist() == [[[10, 128, 130], [20, 128, 130]]]


def test_chrominance_that_is_said_to_be_subsampled_and_is_not_is_read_as_it_lies() -> None:
    header = image_header(**{**COLOUR, "photometric_interpretation": "YBR_FULL_422", "rows": 1, "columns": 2})
    assert decode_frame(header, bytes([10, 1, 2, 20, 3, 4])).pixels.tolist() == [[[10, 1, 2], [20, 3, 4]]]


def test_the_colour_space_is_told_and_not_guessed() -> None:
    """An RGB JPEG without any marker looks like YCbCr to every guessing decoder."""
    red = np.zeros((8, 8, 3), np.uint8)
    red[..., 0] = 200
    stream = imagecodecs.jpeg8_encode(red, level=100, colorspace="RGB", outcolorspace="RGB")
    header = image_header(**{**COLOUR, "transfer_syntax_uid": JPEG, "rows": 8, "columns": 8})
    assert np.abs(to_display(decode_frame(header, bytes(stream)), header)[0, 0] - np.array([200, 0, 0])).max() <= 2


@pytest.mark.parametrize(
    ("syntax", "stored", "given_out"),
    [
        (JPEG, "YBR_FULL_422", "RGB"),
        (J2K, "YBR_RCT", "RGB"),
        (J2K, "YBR_FULL", "YBR_FULL"),
        (JPEG_LS, "YBR_FULL", "YBR_FULL"),
        (EXPLICIT_LE, "YBR_FULL", "YBR_FULL"),
        (EXPLICIT_LE, "RGB", "RGB"),
    ],
)
def test_only_what_the_decoder_did_not_convert_is_converted_later(syntax: str, stored: str, given_out: str) -> None:
    pixels = np.zeros((8, 8, 3), np.uint8)
    encode: dict[str, Any] = {
        JPEG: imagecodecs.jpeg8_encode,
        J2K: lambda plain: imagecodecs.jpeg2k_encode(plain, mct=False),
        JPEG_LS: imagecodecs.jpegls_encode,
        EXPLICIT_LE: lambda plain: plain.tobytes(),
    }
    header = image_header(
        **{**COLOUR, "photometric_interpretation": stored, "transfer_syntax_uid": syntax, "rows": 8, "columns": 8}
    )
    assert decode_frame(header, bytes(encode[syntax](pixels))).colour_space == given_out


@given(st.integers(0, 5), st.randoms(use_true_random=False))
def test_single_bits_are_found_wherever_their_frame_starts(frame: int, chance: Any) -> None:
    bits = np.array([chance.randint(0, 1) for _ in range(6 * 15)], np.uint8)
    packed = np.packbits(bits, bitorder="little").tobytes()
    header = image_header(rows=3, columns=5, number_of_frames=6, **LITTLE_BIT)
    start, end = frame * 15 // 8, -(-(frame + 1) * 15 // 8)
    assert (
        decode_frame(header, packed[start:end], frame).pixels.ravel().tolist()
        == bits[frame * 15 : frame * 15 + 15].tolist()
    )


def test_a_deflated_frame_that_grows_past_its_size_is_refused() -> None:
    header = image_header(transfer_syntax_uid=DEFLATED_FRAME)
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    bomb = deflate.compress(bytes(50_000_000)) + deflate.flush()
    with pytest.raises(UndecodableFrame, match="more than described"):
        decode_frame(header, bomb)


@pytest.mark.parametrize("syntax", [JPEG, JPEG_LOSSLESS, JPEG_LS, J2K])
def test_a_code_stream_of_another_size_is_refused_before_it_is_decoded(
    syntax: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = np.zeros((64, 32), np.uint8)
    encode = {
        JPEG: imagecodecs.jpeg8_encode,
        JPEG_LS: imagecodecs.jpegls_encode,
        J2K: imagecodecs.jpeg2k_encode,
        JPEG_LOSSLESS: imagecodecs.ljpeg_encode,
    }[syntax]
    stream = bytes(encode(pixels))
    described = {"bits_allocated": 8, "bits_stored": 8, "high_bit": 7, "signed": False, "transfer_syntax_uid": syntax}
    assert decode_frame(image_header(rows=64, columns=32, **described), stream).pixels.shape == (64, 32)

    def decoded(*_: object, **__: object) -> None:
        pytest.fail("was decoded")

    for name in ("jpeg8", "jpegls", "jpeg2k", "ljpeg", "jpegsof3"):
        monkeypatch.setattr(imagecodecs, f"{name}_decode", decoded, raising=False)
    with pytest.raises(UndecodableFrame, match="another size"):
        decode_frame(image_header(rows=32, columns=64, **described), stream)


@pytest.mark.parametrize("syntax", sorted(DECODED))
@pytest.mark.parametrize("frame", [b"", b"\0", b"\xff\xd8\xff", b"\xff\x4f\xff\x51" + bytes(8), bytes(40)])
def test_bytes_that_are_no_frame_are_one_kind_of_error(syntax: str, frame: bytes) -> None:
    with pytest.raises(UndecodableFrame):
        decode_frame(image_header(transfer_syntax_uid=syntax), frame)


def test_an_unknown_transfer_syntax_is_named() -> None:
    with pytest.raises(UndecodableFrame, match="no decoder"):
        decode_frame(image_header(transfer_syntax_uid="1.2.3"), bytes(48))
