"""Tiles together are the whole picture, under the same window, and there are none beyond it."""

from __future__ import annotations

import base64
import zlib
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from app.imaging.display.tiles import TILE_SIDE, Tile, levels_of, tile_of
from app.imaging.display.window import Window, to_display
from app.imaging.errors import BadRegion
from app.imaging.header.overlay import Overlay
from tests.factories.images import frame, image_header

ROWS, COLUMNS = 2100, 1500


def pixels() -> npt.NDArray[np.int16]:
    found = np.random.default_rng(5).integers(0, 4096, (ROWS, COLUMNS)).astype(np.int16)
    found[: ROWS // 2] //= 8  # the upper tiles alone would get another contrast
    return found


def put_together(decoded: Any, header: Any, level: int, window: Window | None = None) -> npt.NDArray[np.uint8]:
    side = TILE_SIDE << level
    return np.vstack(
        [
            np.hstack(
                [tile_of(decoded, header, 0, Tile(level, x, y), window) for x in range(-(-header.columns // side))]
            )
            for y in range(-(-header.rows // side))
        ]
    )


@pytest.mark.parametrize(
    ("changes", "window"),
    [
        ({}, None),
        ({}, Window(1000, 300)),
        ({}, Window(1000, 300, "SIGMOID")),
        ({"photometric_interpretation": "MONOCHROME1", "padding": (0.0, 400.0)}, None),
        ({"bits_stored": 8, "signed": False}, None),
    ],
    ids=["own contrast", "window", "sigmoid", "inverted, padding", "8 bits"],
)
def test_the_tiles_of_a_level_are_the_whole_picture(changes: dict[str, Any], window: Window | None) -> None:
    header = image_header(rows=ROWS, columns=COLUMNS, bits_stored=12, high_bit=11)
    header = replace(header, **changes)
    found = pixels().astype(np.uint8) if header.bits_stored == 8 else pixels()
    decoded = frame(found)
    whole = to_display(decoded, header, window)
    assert np.array_equal(put_together(decoded, header, 0, window), whole)
    assert np.array_equal(put_together(decoded, header, 1, window), np.asarray(Image.fromarray(whole).reduce(2)))


def test_marks_and_odd_pixels_are_in_the_tiles_too() -> None:
    header = image_header(rows=ROWS, columns=COLUMNS, pixel_aspect=2.0)
    decoded = frame(pixels(), lost_from=2000)
    tile = tile_of(decoded, header, 0, Tile(0, 0, 2 * 2000 // TILE_SIDE), Window(1000, 300))
    plain = tile_of(frame(pixels()), header, 0, Tile(0, 0, 2 * 2000 // TILE_SIDE), Window(1000, 300))
    assert tile.shape == plain.shape == (TILE_SIDE, TILE_SIDE)
    assert not np.array_equal(tile, plain)
    bits = base64.b64encode(zlib.compress(b"\xff\xff")).decode()
    overlay = Overlay(rows=4, columns=4, top=600, left=700, bits=bits)
    marked = tile_of(
        frame(pixels() * 0), replace(header, pixel_aspect=1.0, overlays=(overlay,)), 0, Tile(0, 1, 1), None
    )
    assert np.argwhere(marked == 255).min(axis=0).tolist() == [600 - TILE_SIDE, 700 - TILE_SIDE]


@pytest.mark.parametrize("tile", [(3, 0, 0), (-1, 0, 0), (0, 3, 0), (0, 0, 5), (0, -1, 0), (2, 1, 0), (0, 1 << 40, 0)])
def test_there_is_no_tile_beyond_the_picture(tile: tuple[int, int, int]) -> None:
    header = image_header(rows=ROWS, columns=COLUMNS)
    with pytest.raises(BadRegion):
        tile_of(frame(pixels()), header, 0, Tile(*tile), None)


def test_small_pictures_have_no_tiles() -> None:
    assert levels_of(2048, 2048) is None
    assert levels_of(2049, 100) == 3
    assert levels_of(4664, 3064) == 4
    with pytest.raises(BadRegion):
        tile_of(frame(np.zeros((4, 6), np.int16)), image_header(), 0, Tile(0, 0, 0), None)
