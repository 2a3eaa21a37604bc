"""Frame times, spacings and b-values are read off every attribute that tells them."""

from __future__ import annotations

import io
from typing import Any

import pytest
from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from app.dicom.part10 import HeaderLimits, parse
from app.imaging.display.aspect import drawn_size
from app.imaging.header.image_header import ImageHeader
from app.imaging.header.image_index import image_of
from deploy.testbed.ct import ct_slice, part10


def header_of(dataset: Dataset, syntax: str = ExplicitVRLittleEndian) -> ImageHeader:
    file = io.BytesIO(part10(dataset, syntax))
    header = image_of(file, parse(file, HeaderLimits()))[0]
    assert header is not None
    assert ImageHeader.from_json(header.to_json()) == header
    return header


@pytest.mark.parametrize(
    ("told", "milliseconds"),
    [
        ({}, None),
        ({"FrameTime": "33.3"}, 33.3),
        ({"FrameTimeVector": ["0", "40", "40", "100"]}, 60),
        ({"CineRate": 25}, 40),
        ({"RecommendedDisplayFrameRate": 20}, 50),
        ({"ActualFrameDuration": 80}, 80),
        ({"RecommendedDisplayFrameRate": 20, "FrameTime": "33.3", "CineRate": 30}, 50),
        ({"FrameTime": "33.3", "CineRate": 10}, 33.3),
        ({"FrameTime": "0", "CineRate": 25}, 40),
        ({"FrameTime": "-5", "RecommendedDisplayFrameRate": 0, "FrameTimeVector": ["0", "0"], "CineRate": 25}, 40),
        ({"FrameTime": "1e9"}, None),
        ({"FrameTimeVector": ["0"] + ["33.25"] * 5000}, 33.25),
        ({"FrameTime": "0.0333"}, None),  # seconds
        ({"FrameTime": "0.0333", "CineRate": 30}, 1000 / 30),
        ({"RecommendedDisplayFrameRate": 100_000, "FrameTime": "40"}, 40),
        ({"EffectiveDuration": "2.5", "NumberOfFrames": 50, "PixelData": bytes(128 * 50)}, 50),
        ({"EffectiveDuration": "2.5"}, None),
        ({"EffectiveDuration": "0", "NumberOfFrames": 50, "PixelData": bytes(128 * 50)}, None),
    ],
)
def test_the_time_from_frame_to_frame_is_what_any_attribute_tells(
    told: dict[str, Any], milliseconds: float | None
) -> None:
    found = header_of(ct_slice(8, **told)).frame_time_ms
    assert found == (None if milliseconds is None else pytest.approx(milliseconds))


@pytest.mark.parametrize(
    ("told", "aspect"),
    [
        ({"PixelSpacing": [1, 1]}, 1),
        ({"PixelSpacing": [0.6, 0.3]}, 2),
        ({"PixelSpacing": [0.3, 0.6]}, 0.5),
        ({"PixelSpacing": [0.7031, 0.703125]}, 1),
        ({"PixelSpacing": None, "PixelAspectRatio": [2, 1]}, 2),
        ({"PixelSpacing": None, "PixelAspectRatio": [4, 3]}, 4 / 3),
        ({"PixelSpacing": None, "ImagerPixelSpacing": [0.2, 0.1]}, 2),
        ({"PixelSpacing": None, "NominalScannedPixelSpacing": [0.1, 0.2]}, 0.5),
        ({"PixelSpacing": [1, 1], "ImagerPixelSpacing": [0.2, 0.1]}, 1),
        ({"PixelSpacing": [0.3, 0.6], "PixelAspectRatio": [1, 1]}, 0.5),
        ({"PixelSpacing": None, "PixelAspectRatio": [0, 1]}, 1),
        ({"PixelSpacing": None, "PixelAspectRatio": [1, 1000]}, 1),
        ({"PixelSpacing": None}, 1),
    ],
)
def test_how_far_pixels_are_from_square_is_told_by_spacings_or_by_their_ratio(
    told: dict[str, Any], aspect: float
) -> None:
    assert header_of(ct_slice(8, **told)).pixel_aspect == pytest.approx(aspect)


@pytest.mark.parametrize("group", ["SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"])
def test_spacings_of_enhanced_objects_count_too(group: str) -> None:
    measures, groups = Dataset(), Dataset()
    measures.PixelSpacing = [0.5, 0.25]
    groups.PixelMeasuresSequence = [measures]
    assert header_of(ct_slice(8, PixelSpacing=None, **{group: [groups]})).pixel_aspect == 2


@pytest.mark.parametrize(
    ("rows", "columns", "aspect", "drawn"),
    [
        (100, 200, 1.0, (100, 200)),
        (100, 200, 2.0, (200, 200)),
        (100, 200, 0.5, (100, 400)),
        (8000, 8000, 2.0, (11314, 5657)),  # as many pixels as any picture may have
        (20_000, 10, 2.0, (32_768, 8)),
    ],
)
def test_the_side_with_the_larger_pixels_grows(rows: int, columns: int, aspect: float, drawn: tuple[int, int]) -> None:
    found = drawn_size(rows, columns, aspect)
    assert found == pytest.approx(drawn, rel=0.03)
    assert found[0] * found[1] <= 64 * 1024 * 1024 * 1.001


def private(group: int, creator: str, element: int, vr: str, value: Any) -> Dataset:
    dataset = ct_slice(8, Modality="MR")
    block = dataset.private_block(group, creator, create=True)
    block.add_new(element, vr, value)
    return dataset


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
@pytest.mark.parametrize(
    ("dataset", "b_value"),
    [
        (ct_slice(8, Modality="MR"), None),
        (ct_slice(8, Modality="MR", DiffusionBValue=800.0), 800),
        (private(0x0019, "SIEMENS MR HEADER", 0x0C, "IS", "1000"), 1000),
        (private(0x0043, "GEMS_PARM_01", 0x39, "IS", ["1000000700", "8", "0", "0"]), 700),
        (private(0x2001, "Philips Imaging DD 001", 0x03, "FL", 500.0), 500),
        (private(0x0019, "ANOTHER", 0x0C, "IS", "1000"), None),
    ],
)
def test_b_values_are_read_where_scanners_write_them(dataset: Dataset, b_value: float | None, syntax: str) -> None:
    assert header_of(dataset, syntax).shared.b_value == b_value


def test_a_private_b_value_of_unknown_vr_is_read_as_text() -> None:
    dataset = private(0x0019, "SIEMENS MR HEADER", 0x0C, "UN", b"1000")
    assert header_of(dataset).shared.b_value == 1000
