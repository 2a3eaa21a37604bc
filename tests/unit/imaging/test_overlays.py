"""Overlay planes (PS3.3 C.9.2) are read and drawn, wherever they lie and however they are described."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from app.dicom.part10 import HeaderLimits, parse
from app.imaging.codecs.decode import decode_frame
from app.imaging.display.overlays import with_overlays
from app.imaging.header.image_header import ImageHeader
from app.imaging.header.image_index import image_of
from app.imaging.header.overlay import Overlay, packed
from deploy.testbed.ct import ct_slice, part10
from tests.factories.images import frame, image_header
from tests.factories.reach import must_reach, reached

BLACK = np.zeros((4, 6), np.uint8)


def bits(plane: npt.NDArray[Any]) -> bytes:
    raw = np.packbits(plane.astype(np.uint8), bitorder="little").tobytes()
    return raw + bytes(len(raw) % 2)


def overlay_on(dataset: Dataset, plane: npt.NDArray[Any], group: int = 0x6000, **changes: Any) -> Dataset:
    values: dict[int, tuple[str, Any]] = {
        0x0010: ("US", plane.shape[-2]),
        0x0011: ("US", plane.shape[-1]),
        0x0040: ("CS", changes.pop("kind", "G")),
        0x0050: ("SS", changes.pop("origin", [1, 1])),
        0x0100: ("US", 1),
        0x0102: ("US", 0),
        0x3000: ("OW", bits(plane)),
        **changes.pop("more", {}),
    }
    for element, (vr, value) in values.items():
        if value is not None:
            dataset.add_new((group, element), vr, value)
    return dataset


def header_of(dataset: Dataset, syntax: str = ExplicitVRLittleEndian) -> ImageHeader:
    file = io.BytesIO(part10(dataset, syntax))
    header = image_of(file, parse(file, HeaderLimits()))[0]
    assert header is not None
    return ImageHeader.from_json(header.to_json())


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian])
@given(st.integers(0, 2**32 - 1), st.integers(1, 20), st.integers(1, 20))
def test_a_plane_comes_back_as_it_was_written(syntax: str, seed: int, rows: int, columns: int) -> None:
    plane = np.random.default_rng(seed).integers(0, 2, (rows, columns)).astype(bool)
    (overlay,) = header_of(overlay_on(ct_slice(8), plane, 0x6002), syntax).overlays
    found = overlay.plane(0)
    assert found is not None
    assert (found == plane).all()


@must_reach("whole", "cut off", "wholly outside")
@given(st.integers(-12, 12) | st.integers(0, 1), st.integers(-12, 12) | st.integers(0, 1))
def test_what_of_a_plane_lies_outside_the_image_is_cut_off(top: int, left: int) -> None:
    plane = np.ones((3, 5), bool)
    overlay = Overlay(3, 5, top, left, bits=packed(bits(plane)))
    drawn = with_overlays(BLACK, frame(BLACK), image_header(overlays=(overlay,)), 0)
    y, x = np.mgrid[0:4, 0:6]
    inside = (y >= top) & (y < top + 3) & (x >= left) & (x < left + 5)
    reached({plane.size: "whole", 0: "wholly outside"}.get(int(inside.sum()), "cut off"))
    assert ((drawn == 255) == inside).all()
    assert not BLACK.any()


def test_all_planes_are_drawn_also_over_colour() -> None:
    first, second = np.zeros((4, 6), bool), np.zeros((4, 6), bool)
    first[0, 0], second[3, 5] = True, True
    dataset = overlay_on(overlay_on(ct_slice(8), first), second, 0x601E)
    header = image_header(overlays=header_of(dataset).overlays)
    drawn = with_overlays(np.zeros((4, 6, 3), np.uint8), frame(BLACK), header, 0)
    assert np.argwhere(drawn.any(axis=2)).tolist() == [[0, 0], [3, 5]]
    assert drawn[0, 0].tolist() == [255, 255, 255]


def test_of_a_region_only_the_outline_is_drawn() -> None:
    plane = np.ones((4, 6), bool)
    header = image_header(overlays=header_of(overlay_on(ct_slice(8), plane, kind="R")).overlays)
    drawn = with_overlays(BLACK, frame(BLACK), header, 0)
    assert (drawn[1:-1, 1:-1] == 0).all()
    assert (drawn == 255).sum() == 24 - 8


def test_a_plane_of_its_own_frames_is_drawn_on_these() -> None:
    planes = np.zeros((2, 4, 6), bool)
    planes[0, 0, 0], planes[1, 1, 1] = True, True
    more = {0x0015: ("IS", 2), 0x0051: ("US", 3)}
    header = image_header(overlays=header_of(overlay_on(ct_slice(8), planes, more=more)).overlays, number_of_frames=5)
    drawn = [np.argwhere(with_overlays(BLACK, frame(BLACK), header, k)).tolist() for k in range(5)]
    assert drawn == [[], [], [[0, 0]], [[1, 1]], []]


def test_one_plane_that_names_no_frame_is_drawn_on_all() -> None:
    header = image_header(overlays=header_of(overlay_on(ct_slice(8), np.ones((4, 6)))).overlays, number_of_frames=3)
    assert all(with_overlays(BLACK, frame(BLACK), header, k).all() for k in range(3))


def test_a_plane_in_the_bits_around_the_pixels_is_drawn_and_is_no_picture() -> None:
    plane = np.zeros((4, 6), np.uint16)
    plane[2, 1:4] = 1
    values = np.arange(24, dtype=np.uint16).reshape(4, 6)
    more = {0x3000: ("OW", None), 0x0100: ("US", 16), 0x0102: ("US", 14)}
    dataset = overlay_on(ct_slice(8), plane, more=more)
    overlays = header_of(dataset).overlays
    assert [overlay.position for overlay in overlays] == [14]
    header = image_header(bits_stored=12, high_bit=11, signed=False, overlays=overlays)
    decoded = decode_frame(header, (values | plane << 14).astype("<u2").tobytes())
    assert (decoded.pixels == values).all()
    assert ((with_overlays(BLACK, decoded, header, 0) == 255) == (plane == 1)).all()


@pytest.mark.parametrize(
    "more",
    [
        {0x0010: ("US", None)},
        {0x0010: ("US", 0)},
        {0x0011: ("US", 60_000)},
        {0x0015: ("IS", 1_000_000)},
        {0x3000: ("OW", b"")},
        {0x3000: ("OW", None)},
        {0x0050: ("SS", [1, 1, 1])},
    ],
)
def test_an_overlay_that_is_described_oddly_leaves_the_image_alone(more: dict[int, tuple[str, Any]]) -> None:
    header = header_of(overlay_on(ct_slice(8), np.ones((4, 6)), more=more))
    drawn = with_overlays(BLACK, frame(BLACK), image_header(overlays=header.overlays), 0)
    assert drawn.shape == BLACK.shape


def test_a_plane_of_nothing_but_noise_is_too_much_to_be_written_down() -> None:
    noise = np.random.default_rng(1).integers(0, 2, (2048, 2048))
    assert header_of(overlay_on(ct_slice(8), noise)).overlays == ()
