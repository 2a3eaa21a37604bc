"""The contrast of images whose header names no window: docs/design.md, section 5."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.imaging.display.window import Window, apply_window, to_display
from app.imaging.header.image_header import FrameValues
from app.imaging.header.lut import Lut
from tests.factories.images import frame, image_header

DEEP = {"bits_stored": 12, "high_bit": 11, "signed": False}


def tissue(seed: int = 1) -> np.ndarray:  # type: ignore[type-arg]
    return np.random.default_rng(seed).integers(100, 900, (100, 100)).astype(np.uint16)


def test_a_few_bright_pixels_leave_the_others_their_contrast() -> None:
    pixels = tissue()
    pixels[0, :40] = 4095
    shown = to_display(frame(pixels), image_header(**DEEP))
    low, high = np.percentile(pixels, (0.5, 99.5))
    expected = np.clip((pixels - low) / (high - low) * 255, 0, 255)
    assert np.abs(shown - expected).max() <= 1
    assert np.median(shown) > 100


@given(
    st.integers(0, 2**16), st.floats(0.1, 10), st.floats(-1000, 1000), st.sampled_from(["uint16", "int16", "float32"])
)
def test_half_a_percent_is_black_and_half_a_percent_white(seed: int, slope: float, intercept: float, kind: str) -> None:
    pixels = tissue(seed).astype(kind)
    header = image_header(shared=FrameValues(slope=slope, intercept=intercept))
    shown = to_display(frame(pixels), header)
    assert 0.003 < (shown == 0).mean() < 0.01
    assert 0.003 < (shown == 255).mean() < 0.01


@pytest.mark.parametrize("padding", [(0.0, 0.0), (0.0, 50.0)])
def test_padding_is_no_part_of_the_contrast(padding: tuple[float, float]) -> None:
    pixels = tissue()
    whole = to_display(frame(pixels), image_header(**DEEP))
    padded = np.vstack([pixels, np.full((300, 100), padding[1], np.uint16)])
    shown = to_display(frame(padded), image_header(**DEEP, padding=padding))
    assert (shown[:100] == whole).all()


def test_rows_that_a_damaged_stream_lost_are_no_part_of_the_contrast() -> None:
    pixels = tissue()
    whole = to_display(frame(pixels), image_header(**DEEP))
    damaged = np.vstack([pixels, np.full((300, 100), 2048, np.uint16)])
    shown = to_display(frame(damaged, lost_from=100), image_header(**DEEP))
    assert (shown[:100] == whole).all()


def test_an_image_of_one_value_but_for_a_few_pixels_shows_these() -> None:
    pixels = np.zeros((100, 100), np.uint16)
    pixels[50, 50:55] = 700
    shown = to_display(frame(pixels), image_header(**DEEP))
    assert shown[0, 0] == 0
    assert shown[50, 50] == 255


@pytest.mark.parametrize("kind", ["uint8", "uint16"])
def test_8_stored_bits_are_shown_as_they_are_however_many_are_allocated(kind: str) -> None:
    header = image_header(bits_allocated=8 * np.dtype(kind).itemsize, bits_stored=8, high_bit=7, signed=False)
    pixels = np.arange(40, 64).astype(kind).reshape(4, 6)
    assert (to_display(frame(pixels), header) == pixels).all()


@pytest.mark.parametrize("kind", ["int8", "int16"])
def test_8_signed_bits_span_all_that_they_can_hold(kind: str) -> None:
    header = image_header(bits_allocated=8 * np.dtype(kind).itemsize, bits_stored=8, high_bit=7)
    pixels = np.array([[-128, -1, 0, 1, 127, 5]] * 4).astype(kind)
    assert to_display(frame(pixels), header)[0].tolist() == [0, 127, 128, 129, 255, 133]


def test_a_voi_lut_is_white_at_its_own_largest_entry() -> None:
    header = image_header(voi_lut=Lut.of(10, [0, 2048, 4095], bits=16))  # says 16 bits and uses 12
    pixels = np.array([[0, 10, 11, 12, 99, 5]] * 4, np.int16)
    assert to_display(frame(pixels), header)[0].tolist() == [0, 0, 128, 255, 255, 0]


def test_a_voi_lut_of_nothing_is_black() -> None:
    pixels = np.array([[0, 1, 2, 3, 4, 5]] * 4, np.int16)
    assert not to_display(frame(pixels), image_header(voi_lut=Lut.of(0, [0, 0], bits=16))).any()


@pytest.mark.parametrize("width", [0.8, 0.5, 0.001])
def test_a_window_narrower_than_one_has_its_exact_width(width: float) -> None:
    values = np.array([0.25 - width, 0.25 - width / 4, 0.25, 0.25 + width / 4, 0.25 + width])
    assert apply_window(values, Window(0.25, width)).tolist() == pytest.approx([0, 63.75, 127.5, 191.25, 255])
