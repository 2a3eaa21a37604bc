"""Windows: PS3.3 C.11.2.1.2 and C.11.2.1.3."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.imaging.display.window import Window, apply_window, default_window, to_display
from app.imaging.header.image_header import FrameValues
from app.imaging.header.lut import Lut
from tests.factories.images import frame, image_header

EIGHT_BITS: dict[str, Any] = {"bits_allocated": 8, "bits_stored": 8, "high_bit": 7, "signed": False}
centers = st.floats(-2000, 2000, allow_nan=False)
widths = st.floats(1, 4000, allow_nan=False)
functions = st.sampled_from(["LINEAR", "LINEAR_EXACT", "SIGMOID"])


@given(centers, widths, functions)
def test_a_window_never_falls_and_stays_within_8_bits(center: float, width: float, function: str) -> None:
    shown = apply_window(np.linspace(-5000, 5000, 500), Window(center, width, function))
    assert (np.diff(shown) >= 0).all()
    assert shown.min() >= 0
    assert shown.max() <= 255


@given(centers, st.floats(2, 4000))
def test_a_linear_window_reaches_its_ends_where_the_standard_says(center: float, width: float) -> None:
    ends = np.array([center - 0.5 - (width - 1) / 2, center - 0.5 + (width - 1) / 2])
    assert np.allclose(apply_window(ends, Window(center, width)), [0, 255], atol=1e-6)


def test_linear_exact_reaches_its_ends_at_half_the_width() -> None:
    shown = apply_window(np.array([-60.0, 40.0, 140.0]), Window(40, 200, "LINEAR_EXACT"))
    assert shown.tolist() == [0, 127.5, 255]


def test_a_sigmoid_passes_the_middle_at_its_centre() -> None:
    assert apply_window(np.array([40.0]), Window(40, 400, "SIGMOID"))[0] == 127.5


@given(st.floats(2, 4000), st.sampled_from(["LINEAR", "LINEAR_EXACT"]))
def test_below_a_window_is_black_and_above_it_white(width: float, function: str) -> None:
    shown = apply_window(np.array([40 - width, 40 + width]), Window(40, width, function))
    assert shown.tolist() == [0, 255]


def test_a_window_one_wide_is_a_threshold_half_below_its_centre() -> None:
    assert apply_window(np.array([39.4, 39.5, 39.6, 41]), Window(40, 1)).tolist() == [0, 0, 255, 255]


def test_rescale_comes_before_the_window() -> None:
    header = image_header(shared=FrameValues(slope=2, intercept=-1000, windows=((0, 101),)))
    pixels = np.full((4, 6), 500, np.int16)
    assert to_display(frame(pixels), header)[0, 0] == round(255 * (0.5 + 0.5 / 100))


def test_monochrome1_is_the_inverse_of_monochrome2() -> None:
    pixels = np.arange(24, dtype=np.int16).reshape(4, 6)
    usual = to_display(frame(pixels), image_header(), Window(12, 24))
    inverse = to_display(frame(pixels), image_header(photometric_interpretation="MONOCHROME1"), Window(12, 24))
    assert (usual + inverse == 255).all()


def test_without_a_window_8_bits_are_shown_as_they_are() -> None:
    header = image_header(bits_allocated=8, bits_stored=8, high_bit=7, signed=False)
    pixels = np.arange(24, dtype=np.uint8).reshape(4, 6)
    assert (to_display(frame(pixels), header) == pixels).all()


def test_without_a_window_deeper_pixels_span_black_to_white_leaving_padding_out() -> None:
    header = image_header(padding=(-2000, -2000))
    pixels = np.linspace(100, 900, 24).astype(np.int16).reshape(4, 6)
    pixels[0, 0] = -2000
    shown = to_display(frame(pixels), header)
    assert shown[0, :2].tolist() == [0, 0]
    assert shown[-1, -2] < 255
    assert shown[-1, -1] == 255


def test_values_that_are_no_numbers_are_black_and_leave_the_range_alone() -> None:
    header = image_header(pixel_keyword="FloatPixelData", bits_allocated=32, bits_stored=32, high_bit=31)
    pixels = np.array([[np.nan, 1, 2, 3, np.inf, -np.inf]] * 4, np.float32)
    assert to_display(frame(pixels), header)[0].tolist() == [0, 0, 128, 255, 255, 0]


def test_a_modality_lut_comes_before_the_window() -> None:
    header = image_header(modality_lut=Lut.of(0, [100, 50, 0], bits=8))
    pixels = np.array([[0, 1, 2, 2, 1, 0]] * 4, np.int16)
    assert to_display(frame(pixels), header, Window(50, 100, "LINEAR_EXACT"))[0, :3].tolist() == [255, 128, 0]


@pytest.mark.parametrize("kind", ["uint8", "int16", "uint16", "uint32", "float32"])
@given(st.integers(0, 2**32 - 1))
def test_the_table_and_the_plain_sum_show_the_same(kind: str, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 120, (4, 6)).astype(kind)
    header = image_header(shared=FrameValues(slope=0.5, intercept=-10), voi_lut=None)
    expected = apply_window(pixels.astype(float) * 0.5 - 10, Window(20, 40))
    assert np.abs(to_display(frame(pixels), header, Window(20, 40)) - expected).max() <= 0.5


def test_a_voi_lut_is_used_when_there_is_no_window() -> None:
    header = image_header(voi_lut=Lut.of(10, [0, 128, 255], bits=8))
    pixels = np.array([[0, 10, 11, 12, 99, 5]] * 4, np.int16)
    assert to_display(frame(pixels), header)[0].tolist() == [0, 0, 128, 255, 255, 0]


def test_every_signed_value_finds_its_own_place_in_the_table() -> None:
    pixels = np.array([[-32768, -1, 0, 1, 32767, 100]] * 4, np.int16)
    shown = to_display(frame(pixels), image_header(), Window(0, 65536, "LINEAR_EXACT"))
    assert shown[0].tolist() == [0, 127, 128, 128, 255, 128]


def test_palette_colours_come_from_their_tables() -> None:
    table = Lut.of(0, [0, 0xFFFF])
    header = image_header(
        photometric_interpretation="PALETTE COLOR",
        bits_allocated=8,
        bits_stored=8,
        high_bit=7,
        signed=False,
        palette=(table, table, Lut.of(0, [0, 0x8000])),
    )
    assert to_display(frame(np.array([[0, 1]], np.uint8)), header).tolist() == [[[0, 0, 0], [255, 255, 128]]]


@pytest.mark.parametrize(
    ("bits", "entries", "shown"),
    [
        (8, [0, 200 << 8], 200),  # says 8 bits and holds 16
        (8, [0, 200 * 257], 200),
        (16, [0, 200], 200),  # says 16 bits and holds 8
    ],
)
def test_the_depth_of_a_palette_is_that_of_its_entries(bits: int, entries: list[int], shown: int) -> None:
    table, header = Lut.of(0, entries, bits), image_header(**EIGHT_BITS, photometric_interpretation="PALETTE COLOR")
    header = replace(header, palette=(table, table, table))
    assert to_display(frame(np.array([[1]], np.uint8)), header).tolist() == [[[shown] * 3]]


def test_a_dark_colour_of_a_deep_palette_stays_dark() -> None:
    header = image_header(**EIGHT_BITS, photometric_interpretation="PALETTE COLOR")
    header = replace(header, palette=(Lut.of(0, [0, 0xFFFF]), Lut.of(0, [0, 250]), Lut.of(0, [0, 0])))
    assert to_display(frame(np.array([[1]], np.uint8)), header).tolist() == [[[255, 0, 0]]]


def test_a_colour_image_has_no_window() -> None:
    assert default_window(image_header(samples_per_pixel=3, shared=FrameValues(windows=((1, 2),)))) is None
