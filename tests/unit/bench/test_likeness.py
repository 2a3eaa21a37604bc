"""The likeness by which `bench formats` compares pictures is SSIM; the smallest quality that reaches a goal counts."""

from __future__ import annotations

import numpy as np
import pytest

from app.imaging.codecs.encode import encode
from bench.formats import FORMATS, QUALITIES, alike, opened, smallest


def picture() -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    rows, columns = np.mgrid[:64, :96]
    return (128 + 60 * np.sin(rows / 5) * np.cos(columns / 7)).astype(np.uint8)


def test_a_picture_is_wholly_like_itself_and_less_like_what_differs_more() -> None:
    shown, noise = picture(), np.random.default_rng(1).integers(-20, 21, (64, 96))
    near, far = ((shown + noise // part).clip(0, 255).astype(np.uint8) for part in (8, 1))
    assert alike(shown, shown) == pytest.approx(1.0)
    assert 1 > alike(shown, near) > alike(shown, far) > 0


def test_for_even_pictures_only_the_term_of_brightness_is_left() -> None:
    dark, bright = np.full((16, 16), 100, np.uint8), np.full((16, 16), 150, np.uint8)
    constant = (0.01 * 255) ** 2
    expected = (2 * 100 * 150 + constant) / (100**2 + 150**2 + constant)
    assert alike(dark, bright) == pytest.approx(expected)


def test_the_smallest_quality_that_is_alike_enough_counts() -> None:
    shown = picture()
    goal = alike(shown, opened(encode(shown, "jpg", 60)))
    made = smallest(shown, FORMATS["JPEG"], goal)
    assert made.likeness >= goal
    reached = [quality for quality in QUALITIES if alike(shown, opened(encode(shown, "jpg", quality))) >= goal]
    assert made.size == len(encode(shown, "jpg", reached[0]))
