"""Mean and spread inside an outline, against values worked out by hand and by another way."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from app.imaging.display.pictures import draw
from app.imaging.display.region_statistics import Outline, Shape
from app.imaging.display.render_spec import REGION_STATISTICS, RenderSpec
from app.imaging.errors import UndecodableFrame
from app.imaging.header.image_header import FrameValues, ImageHeader
from tests.factories.images import frame, image_header

ROWS, COLUMNS = 40, 60
HEADER = replace(image_header(rows=ROWS, columns=COLUMNS), shared=FrameValues(slope=2.0, intercept=-1000.0))


def told(pixels: Any, outline: Outline, header: ImageHeader = HEADER, lost_from: int | None = None) -> dict[str, float]:
    decoded = frame(pixels, lost_from=lost_from)
    (answer,) = draw(decoded, header, 0, [RenderSpec(fmt=REGION_STATISTICS, outline=outline)])
    found: dict[str, float] = json.loads(answer)
    return found


def box(left: float, top: float, right: float, bottom: float, shape: Shape = Shape.RECTANGLE) -> Outline:
    return Outline(shape, left / COLUMNS, top / ROWS, right / COLUMNS, bottom / ROWS)


def test_a_rectangle_counts_its_pixels_in_modality_units() -> None:
    pixels = np.zeros((ROWS, COLUMNS), np.int16)
    pixels[10:12, 20:24] = [[500, 502, 504, 506], [508, 510, 512, 514]]
    found = told(pixels, box(20, 10, 24, 12))
    units = np.arange(8) * 4.0
    assert found == {"pixels": 8, "mean": units.mean(), "sd": units.std(), "least": 0.0, "greatest": 28.0}
    assert told(pixels, box(24, 12, 20, 10)) == found  # drawn from the other corner


def test_a_pixel_counts_when_its_middle_is_inside() -> None:
    pixels = np.arange(ROWS * COLUMNS, dtype=np.int16).reshape(ROWS, COLUMNS)
    assert told(pixels, box(0.6, 0, 2.4, 1))["pixels"] == 1
    assert told(pixels, box(0.5, 0, 2.5, 1))["pixels"] == 3
    assert told(pixels, box(0.6, 0, 1.4, 1)) == {"pixels": 0}
    assert told(pixels, box(0, 0, COLUMNS, ROWS))["pixels"] == ROWS * COLUMNS


def test_an_ellipse_holds_the_pixels_of_its_formula_and_its_area() -> None:
    pixels = np.random.default_rng(3).integers(0, 2000, (ROWS, COLUMNS)).astype(np.int16)
    found = told(pixels, box(7, 5, 48, 33, Shape.ELLIPSE))
    y, x = np.mgrid[0:ROWS, 0:COLUMNS] + 0.5
    inside = ((x - 27.5) / 20.5) ** 2 + ((y - 19) / 14) ** 2 <= 1
    units = pixels[inside] * 2.0 - 1000
    assert found["pixels"] == inside.sum() == pytest.approx(np.pi * 20.5 * 14, rel=0.01)
    assert found["mean"] == pytest.approx(units.mean())
    assert found["sd"] == pytest.approx(units.std())


def test_padding_and_lost_rows_do_not_count() -> None:
    pixels = np.full((ROWS, COLUMNS), 500, np.int16)
    pixels[:, :30] = -2000
    padded = replace(HEADER, padding=(-2000.0, -2000.0))
    whole = box(0, 0, COLUMNS, ROWS)
    assert told(pixels, whole, padded)["sd"] == 0
    assert told(pixels, whole, padded, lost_from=10)["pixels"] == 300
    assert told(pixels, box(0, 20, COLUMNS, ROWS), padded, lost_from=10) == {"pixels": 0}


def test_colour_has_no_values() -> None:
    with pytest.raises(UndecodableFrame):
        told(np.zeros((ROWS, COLUMNS, 3), np.uint8), box(0, 0, 9, 9), replace(HEADER, samples_per_pixel=3))
