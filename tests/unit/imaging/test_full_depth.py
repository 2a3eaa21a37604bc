"""Values in full depth: nothing is lost on the way, and what has no plain window is refused."""

from __future__ import annotations

import json
import struct
import zlib
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.imaging.display.full_depth import full_depth
from app.imaging.display.pictures import draw
from app.imaging.display.render_spec import FULL_DEPTH, RenderSpec
from app.imaging.errors import UndecodableFrame
from app.imaging.header.image_header import FrameValues, ImageHeader
from app.imaging.header.lut import Lut
from app.imaging.header.overlay import Overlay
from app.imaging.header.presentation import Presentation
from tests.factories.images import frame, image_header


def read_back(body: bytes) -> tuple[dict[str, Any], npt.NDArray[np.int64]]:
    """By the words of the format, pixel by pixel."""
    plain = zlib.decompress(body, 31)
    (length,) = struct.unpack(">I", plain[:4])
    told = json.loads(plain[4 : 4 + length])
    rows, columns = told["rows"], told["columns"]
    high, low = np.frombuffer(plain[4 + length :], np.uint8).reshape(2, rows, columns).astype(int)
    found = np.zeros((rows, columns), np.int64)
    for y in range(rows):
        for x in range(columns):
            folded = int(high[y, x]) << 8 | int(low[y, x])
            change = folded // 2 if folded % 2 == 0 else -(folded + 1) // 2
            beside = [int(found[y, x - 1])] * (x > 0) + [int(found[y - 1, x])] * (y > 0)
            found[y, x] = ((sum(beside) // len(beside) if beside else 0) + change) % 65536
    assert told["sum"] == int(found.sum()) % 2**32
    return told, found + told["least"]


@pytest.mark.hypothesis
def test_every_value_of_16_bits_comes_back() -> None:
    reached: Counter[str] = Counter()

    @given(st.data(), st.integers(1, 9), st.integers(1, 9), st.sampled_from(["<i2", "<u2", "u1", "i1", "<i4"]))
    def comes_back(data: st.DataObject, rows: int, columns: int, kind: str) -> None:
        info = np.iinfo(kind)
        lowest = max(info.min, -40_000)
        greatest = min(info.max, lowest + 65535)
        one = st.one_of(st.sampled_from([lowest, greatest]), st.integers(lowest, greatest))
        numbers = data.draw(st.lists(one, min_size=rows * columns, max_size=rows * columns))
        pixels = np.array(numbers, kind).reshape(rows, columns)
        reached["whole range"] += int(pixels.max()) - int(pixels.min()) == 65535
        reached["rows and columns"] += rows > 1 and columns > 1
        _, found = read_back(full_depth(frame(pixels), image_header(rows=rows, columns=columns), 0))
        assert np.array_equal(found, pixels.astype(np.int64))

    comes_back()
    assert min(reached["whole range"], reached["rows and columns"]) > 3


@pytest.mark.parametrize("leap", [(0, 65535), (65535, 0), (32768, 32767), (-32768, 32767)])
def test_the_greatest_leaps_come_back(leap: tuple[int, int]) -> None:
    pixels = np.array([leap * 3, leap[::-1] * 3, leap * 3], np.int32)
    told, found = read_back(full_depth(frame(pixels), image_header(), 0))
    assert np.array_equal(found, pixels)
    assert told["least"] == min(leap)


def test_the_rescale_and_the_window_of_the_picture_go_with_the_values() -> None:
    header = replace(
        image_header(photometric_interpretation="MONOCHROME1"),
        shared=FrameValues(slope=2.0, intercept=-1000.0, windows=((40.0, 400.0),)),
    )
    told, _ = read_back(full_depth(frame(np.arange(24, dtype=np.int16).reshape(4, 6)), header, 0))
    assert (told["slope"], told["intercept"], told["inverted"]) == (2.0, -1000.0, True)
    assert told["window"] == {"center": 40.0, "width": 400.0}
    own, _ = read_back(full_depth(frame(np.arange(24, dtype=np.int16).reshape(4, 6)), image_header(), 0))
    assert own["window"]["center"] == pytest.approx(11.5)
    assert own["inverted"] is False


def test_through_a_modality_table_the_values_are_those_of_the_table() -> None:
    header = image_header(modality_lut=Lut.of(0, [5, 500, 50_000, 7]))
    told, found = read_back(full_depth(frame(np.array([[0, 1], [2, 3]], np.int16)), header, 0))
    assert found.tolist() == [[5, 500], [50_000, 7]]
    assert (told["slope"], told["intercept"]) == (1.0, 0.0)


SQUARE = np.zeros((4, 6), np.int16)
OVERLAY = Overlay(rows=4, columns=6, top=0, left=0, frames=1, first_frame=0, bits="AAAA")


@pytest.mark.parametrize(
    ("pixels", "header", "lost_from"),
    [
        (np.zeros((4, 6, 3), np.uint8), image_header(samples_per_pixel=3, photometric_interpretation="RGB"), None),
        (SQUARE.astype(np.uint8), image_header(palette=(Lut.of(0, [1]),) * 3), None),
        (SQUARE.astype(np.float32), image_header(), None),
        (np.array([[0, 65536]], np.int32), image_header(), None),
        (SQUARE, image_header(pixel_aspect=1.2), None),
        (SQUARE, image_header(overlays=(OVERLAY,)), None),
        (SQUARE, image_header(presentation=Presentation()), None),
        (SQUARE, image_header(), 2),
        (np.zeros((2, 2049), np.int16), image_header(), None),
        (np.zeros((0, 6), np.int16), image_header(), None),
    ],
)
def test_what_is_more_than_a_window_over_16_bits_is_refused(
    pixels: npt.NDArray[Any], header: ImageHeader, lost_from: int | None
) -> None:
    with pytest.raises(UndecodableFrame):
        draw(frame(pixels, lost_from=lost_from), header, 0, [RenderSpec(fmt=FULL_DEPTH)])
