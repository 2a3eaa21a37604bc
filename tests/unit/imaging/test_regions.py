"""Calibrated regions of ultrasound are kept for measuring, each for itself; none is the spacing of the whole image."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from pydicom import Dataset, Sequence

from app.dicom.part10 import HeaderLimits, parse
from app.imaging.header.image_header import ImageHeader
from app.imaging.header.image_index import image_of
from app.imaging.header.region import Region
from app.imaging.header.region_reading import MOST_REGIONS
from deploy.testbed.ct import ct_slice, part10


def region(**changed: Any) -> Dataset:
    item = Dataset()
    values = {
        "RegionSpatialFormat": 1,
        "RegionDataType": 1,
        "RegionFlags": 0,
        "RegionLocationMinX0": 1,
        "RegionLocationMinY0": 2,
        "RegionLocationMaxX1": 6,
        "RegionLocationMaxY1": 7,
        "PhysicalUnitsXDirection": 3,
        "PhysicalUnitsYDirection": 3,
        "PhysicalDeltaX": 0.02,
        "PhysicalDeltaY": 0.03,
    }
    for keyword, value in (values | changed).items():
        if value is not None:
            setattr(item, keyword, value)
    return item


def header_of(*regions: Dataset) -> ImageHeader:
    dataset = ct_slice(Modality="US", PixelSpacing=None)
    dataset.SequenceOfUltrasoundRegions = Sequence(regions)
    file = io.BytesIO(part10(dataset))
    header, _, _ = image_of(file, parse(file, HeaderLimits()))
    assert header is not None
    return header


def test_regions_are_kept_with_what_a_pixel_means_in_each() -> None:
    doppler = region(
        RegionDataType=3, PhysicalUnitsXDirection=4, PhysicalUnitsYDirection=7, PhysicalDeltaX=0.01, PhysicalDeltaY=-1.5
    )
    scan, graph = header_of(region(), doppler).regions
    assert scan == Region(1, 2, 6, 7, 3, 3, 0.02, 0.03, kind=1)
    assert scan.spacing_mm == pytest.approx((0.3, 0.2))
    assert (graph.kind, graph.y_step, graph.spacing_mm) == (3, -1.5, None)


def test_no_region_is_the_spacing_of_the_image() -> None:
    header = header_of(region(PhysicalDeltaY=0.06))
    assert header.pixel_spacing is None
    assert header.pixel_aspect == 1.0


def test_regions_are_written_down_and_read_again() -> None:
    header = header_of(region(), region(RegionDataType=2))
    assert ImageHeader.from_json(json.loads(json.dumps(header.to_json()))) == header
    assert ImageHeader.from_json(header_of().to_json()).regions == ()


@pytest.mark.parametrize(
    "odd",
    [
        {"RegionLocationMaxX1": 8},
        {"RegionLocationMinX0": 7},
        {"RegionLocationMaxY1": 0xFFFFFFFF},
        {"PhysicalDeltaX": 0.0},
        {"PhysicalDeltaY": float("nan")},
        {"PhysicalDeltaY": None},
        {"PhysicalUnitsXDirection": None},
    ],
)
def test_a_region_that_makes_no_sense_is_left_out(odd: dict[str, Any]) -> None:
    assert header_of(region(**odd), region()).regions == header_of(region()).regions


def test_there_are_only_so_many() -> None:
    assert len(header_of(*[region() for _ in range(MOST_REGIONS + 5)]).regions) == MOST_REGIONS
