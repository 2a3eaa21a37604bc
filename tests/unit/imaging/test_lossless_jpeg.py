"""Lossless JPEG as devices write it: every predictor, restart intervals, point transforms, differences that wrap."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from app.imaging.codecs.decode import decode_frame
from app.imaging.display.window import to_display
from tests.factories.images import image_header
from tests.factories.jpeg_streams import JFIF, adobe, lossless_jpeg

LOSSLESS = "1.2.840.10008.1.2.4.70"


def header_of(bits: int, samples: int, label: str = "RGB") -> Any:
    return image_header(
        transfer_syntax_uid=LOSSLESS,
        rows=12,
        columns=9,
        bits_allocated=8 if bits <= 8 else 16,
        bits_stored=bits,
        high_bit=bits - 1,
        signed=False,
        samples_per_pixel=samples,
        photometric_interpretation="MONOCHROME2" if samples == 1 else label,
    )


@pytest.mark.parametrize("predictor", range(1, 8))
@pytest.mark.parametrize(("bits", "samples"), [(8, 1), (8, 3), (12, 1), (16, 1), (16, 3)])
@pytest.mark.parametrize("coding", [{}, {"restart_rows": 1}, {"restart_rows": 5}, {"point_transform": 2}])
def test_every_value_is_that_of_the_stream(predictor: int, bits: int, samples: int, coding: dict[str, Any]) -> None:
    shape = (12, 9) if samples == 1 else (12, 9, 3)
    pixels = np.random.default_rng(predictor).integers(0, 1 << bits, shape).astype(np.uint16)
    lost = coding.get("point_transform", 0)
    found = decode_frame(header_of(bits, samples), lossless_jpeg(pixels, bits, predictor=predictor, **coding))
    assert found.lost_from is None
    assert (found.pixels == pixels >> lost << lost).all()


@pytest.mark.parametrize(("bits", "samples"), [(8, 1), (8, 3), (12, 1)])
def test_differences_that_wrap_around_the_range_are_read_modulo(bits: int, samples: int) -> None:
    shape = (12, 9) if samples == 1 else (12, 9, 3)
    pixels = np.random.default_rng(1).integers(0, 1 << bits, shape).astype(np.uint16)
    assert (decode_frame(header_of(bits, samples), lossless_jpeg(pixels, bits, wraps=True)).pixels == pixels).all()


@pytest.mark.parametrize(
    ("label", "markers", "ids", "is_rgb"),
    [
        ("YBR_FULL", adobe(0), b"\1\2\3", True),
        ("YBR_FULL", b"", b"RGB", True),
        ("RGB", adobe(1), b"\1\2\3", False),
        ("RGB", JFIF, b"\1\2\3", True),
        ("YBR_FULL", JFIF, b"\1\2\3", False),
        ("YBR_FULL_422", b"", b"\1\2\3", False),
    ],
)
def test_markers_say_what_the_components_are_and_jfif_says_nothing_of_lossless_ones(
    label: str, markers: bytes, ids: bytes, is_rgb: bool
) -> None:
    pixels = np.full((12, 9, 3), (90, 128, 200), np.uint8)
    header = header_of(8, 3, label)
    shown = to_display(decode_frame(header, lossless_jpeg(pixels, 8, markers=markers, ids=ids)), header)
    assert shown[0, 0].tolist() == ([90, 128, 200] if is_rgb else [191, 39, 90])
