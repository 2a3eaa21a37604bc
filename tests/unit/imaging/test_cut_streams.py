"""Of a code stream whose end is missing what is there is decoded, and it is known which rows are not."""

from __future__ import annotations

import struct
from typing import Any

import imagecodecs
import numpy as np
import pytest

from app.imaging.codecs.decode import decode_frame
from app.imaging.errors import UndecodableFrame
from tests.factories.images import image_header
from tests.factories.jpeg_streams import lossless_jpeg

BASELINE, EXTENDED, LOSSLESS, JPEG_LS, NEAR, JPEG_2000 = (
    f"1.2.840.10008.1.2.4.{end}" for end in ("50", "51", "70", "80", "81", "90")
)
RLE = "1.2.840.10008.1.2.5"


@pytest.mark.parametrize(
    ("syntax", "bits", "encode"),
    [
        (BASELINE, 8, lambda pixels: imagecodecs.jpeg8_encode(pixels.astype(np.uint8), level=95)),
        (EXTENDED, 12, lambda pixels: imagecodecs.jpeg8_encode(pixels * 16, level=95, bitspersample=12)),
        (LOSSLESS, 8, lambda pixels: imagecodecs.ljpeg_encode(pixels.astype(np.uint8))),
        (LOSSLESS, 16, lambda pixels: imagecodecs.ljpeg_encode(pixels * 256)),
        (JPEG_LS, 8, lambda pixels: imagecodecs.jpegls_encode(pixels.astype(np.uint8))),
        (JPEG_LS, 16, lambda pixels: imagecodecs.jpegls_encode(pixels * 256)),
        (NEAR, 8, lambda pixels: imagecodecs.jpegls_encode(pixels.astype(np.uint8), level=3)),
    ],
)
def test_the_rows_before_the_cut_are_those_of_the_whole_stream(syntax: str, bits: int, encode: Any) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (64, 32)).astype(np.uint16)
    stream = bytes(encode(pixels))
    allocated = 8 if bits == 8 else 16
    header = image_header(
        transfer_syntax_uid=syntax,
        rows=64,
        columns=32,
        bits_allocated=allocated,
        bits_stored=bits,
        high_bit=bits - 1,
        signed=False,
    )
    whole = decode_frame(header, stream)
    assert whole.lost_from is None
    cut = decode_frame(header, stream[: len(stream) // 2])
    assert cut.lost_from is not None
    assert 16 <= cut.lost_from <= 48
    assert (cut.pixels[: cut.lost_from - 16] == whole.pixels[: cut.lost_from - 16]).all()
    only_the_end = decode_frame(header, stream[:-2])
    assert only_the_end.lost_from == 64
    assert (only_the_end.pixels[:56] == whole.pixels[:56]).all()


def smooth(*samples: int) -> np.ndarray[Any, Any]:
    rows, columns = np.mgrid[0:64, 0:48]
    picture = (np.sin(rows / 5) + np.cos(columns / 7)) * 60 + 128
    return np.stack([picture] * samples[0], axis=-1).astype(np.uint8) if samples else picture.astype(np.uint8)


def header_of(syntax: str, samples: int = 1) -> Any:
    return image_header(
        transfer_syntax_uid=syntax,
        rows=64,
        columns=48,
        bits_allocated=8,
        bits_stored=8,
        high_bit=7,
        signed=False,
        samples_per_pixel=samples,
        photometric_interpretation="MONOCHROME2" if samples == 1 else "RGB",
    )


@pytest.mark.parametrize("samples", [1, 3])
def test_jpeg_2000_keeps_each_row_with_less_detail_and_is_marked(samples: int) -> None:
    pixels = smooth(samples) if samples > 1 else smooth()
    stream = bytes(imagecodecs.jpeg2k_encode(pixels, level=0, reversible=True, codecformat="J2K"))
    header = header_of(JPEG_2000, samples)
    assert decode_frame(header, stream).lost_from is None
    errors = []
    for kept in (0.95, 0.7, 0.5):
        cut = decode_frame(header, stream[: int(len(stream) * kept)])
        assert cut.lost_from == 64
        errors.append(int(np.abs(cut.pixels.astype(int) - pixels).max()))
    assert errors[0] <= 4
    assert max(errors) <= 32


@pytest.mark.parametrize("boxed", ["J2K", "JP2"])
def test_jpeg_2000_whose_end_was_written_over_is_marked(boxed: str) -> None:
    stream = bytes(imagecodecs.jpeg2k_encode(smooth(), level=0, reversible=True, codecformat=boxed))
    kept = len(stream) * 3 // 4
    header = header_of(JPEG_2000)
    assert decode_frame(header, stream[:kept] + bytes(len(stream) - kept)).lost_from == 64
    for end in (stream, stream + b"\0"):
        assert decode_frame(header, end).lost_from is None


def test_jpeg_2000_without_the_mark_of_its_end_is_whole() -> None:
    stream = bytes(imagecodecs.jpeg2k_encode(smooth(), level=0, reversible=True, codecformat="J2K"))
    for padding in (b"", b"\0"):
        found = decode_frame(header_of(JPEG_2000), stream[:-2] + padding)
        assert found.lost_from is None
        assert (found.pixels == smooth()).all()


def test_colours_of_a_cut_jpeg_ls_stream_are_there_up_to_the_cut() -> None:
    pixels = smooth(3)
    stream = bytes(imagecodecs.jpegls_encode(pixels))
    header = header_of(JPEG_LS, 3)
    cut = decode_frame(header, stream[: len(stream) // 2])
    assert cut.lost_from is not None
    assert 8 <= cut.lost_from <= 64
    whole_rows = min(cut.lost_from - 1, 24)
    assert (cut.pixels[:whole_rows] == pixels[:whole_rows]).all()


@pytest.mark.parametrize("syntax", [JPEG_LS, JPEG_2000])
def test_a_stream_that_is_cut_before_its_first_row_is_refused(syntax: str) -> None:
    encode = imagecodecs.jpegls_encode if syntax == JPEG_LS else imagecodecs.jpeg2k_encode
    stream = bytes(encode(smooth()))
    with pytest.raises(UndecodableFrame):
        decode_frame(header_of(syntax), stream[:40])


def test_a_tile_that_claims_gigabytes_is_refused_and_allocates_nothing() -> None:
    stream = bytearray(imagecodecs.jpeg2k_encode(smooth(), level=0, reversible=True, codecformat="J2K"))
    at = stream.index(b"\xff\x90")
    stream[at + 6 : at + 10] = (0xF0000000).to_bytes(4, "big")
    with pytest.raises(UndecodableFrame):
        decode_frame(header_of(JPEG_2000), bytes(stream))


@pytest.mark.parametrize(
    ("syntax", "bits", "encode"),
    [
        (BASELINE, 8, lambda pixels: imagecodecs.jpeg8_encode(pixels.astype(np.uint8), level=95)),
        (LOSSLESS, 8, lambda pixels: lossless_jpeg(pixels, 8)),
        (LOSSLESS, 16, lambda pixels: lossless_jpeg(pixels * 256, 16, restart_rows=4)),
    ],
)
def test_a_cut_jpeg_stream_whose_end_was_marked_again_is_found_by_its_empty_rows(
    syntax: str, bits: int, encode: Any
) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (64, 48)).astype(np.uint16)
    pixels[40:] = 128  # a picture may have such rows of its own
    stream = bytes(encode(pixels))
    header = image_header(
        **{
            **vars(header_of(syntax)),
            "bits_allocated": 8 if bits == 8 else 16,
            "bits_stored": bits,
            "high_bit": bits - 1,
        }
    )
    assert decode_frame(header, stream).lost_from is None
    cut = decode_frame(header, stream[: len(stream) // 2] + b"\xff\xd9")
    assert cut.lost_from is not None
    assert 12 <= cut.lost_from <= 40


def test_the_end_of_a_preview_is_not_the_end_of_the_picture() -> None:
    stream = bytes(imagecodecs.jpeg8_encode(smooth(), level=95))
    preview = b"\xff\xe1\x00\x0eExif\0\0\xff\xd8\xff\xda\xff\xd9"
    with_preview = stream[:2] + preview + stream[2:]
    assert decode_frame(header_of(BASELINE), with_preview).lost_from is None
    assert decode_frame(header_of(BASELINE), with_preview[: len(stream) // 2]).lost_from is not None


def run_lengths(*planes: np.ndarray[Any, Any]) -> bytes:
    """PS3.5 annex G: a segment of literal runs, one a row, and the byte that makes it even, for each plane."""
    segments = [b"".join(bytes([len(row) - 1]) + row.tobytes() for row in plane) + b"\0" for plane in planes]
    starts = [64 + sum(map(len, segments[:at])) for at in range(len(segments))]
    return struct.pack("<16I", len(planes), *starts, *[0] * (15 - len(planes))) + b"".join(segments)


def run_length_header(bits: int, samples: int = 1) -> Any:
    described = {**vars(header_of(RLE, samples)), "columns": 47}
    return image_header(**{**described, "bits_allocated": bits, "bits_stored": bits, "high_bit": bits - 1})


@pytest.mark.parametrize(("bits", "samples"), [(8, 1), (16, 1), (8, 3)])
def test_run_lengths_are_shown_up_to_the_cut_in_their_last_plane(bits: int, samples: int) -> None:
    pixels = np.random.default_rng(1).integers(0, 1 << bits, (64, 47, samples)).astype(f">u{bits // 8}")
    bytes_ = pixels.view(np.uint8)
    stream = run_lengths(*(np.ascontiguousarray(bytes_[..., at]) for at in range(bytes_.shape[2])))
    header = run_length_header(bits, samples)
    for whole in (stream, stream[:-1], stream + bytes(41), stream + b"\7" * 9):
        found = decode_frame(header, whole)
        assert found.lost_from is None
        assert (found.pixels.reshape(pixels.shape) == pixels).all()
    for cut in (stream[: -20 * 48], stream[: -20 * 48] + bytes(20 * 48)):
        found = decode_frame(header, cut)
        assert found.lost_from in (43, 44)
        assert (found.pixels.reshape(pixels.shape)[:43] == pixels[:43]).all()


def test_run_lengths_of_which_a_plane_lacks_something_in_the_middle_are_refused() -> None:
    plane = np.random.default_rng(1).integers(0, 256, (64, 47), np.uint8)
    assert decode_frame(run_length_header(16), run_lengths(plane, plane)).lost_from is None
    for broken in (
        run_lengths(plane[:-1], plane),
        run_lengths(plane, plane)[: 64 + 20 * 48],
        run_lengths(plane),
        run_lengths(plane, plane, plane),
        run_lengths(plane, plane)[:70],
        run_lengths(plane, plane[:0]),
        plane.tobytes() * 2,
    ):
        with pytest.raises(UndecodableFrame):
            decode_frame(run_length_header(16), broken)
