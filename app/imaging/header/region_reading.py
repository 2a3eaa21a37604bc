"""Calibrated regions off a DICOM header (PS3.3 C.8.5.5). What they hold is `region`.

Each holds inside of itself alone: a picture shows a scan beside a graph, a scale and text. So none becomes the spacing
of the image (`spacing_reading`).
"""

from __future__ import annotations

from typing import Any

from pydicom import Dataset

from app.dicom.element_values import value_of
from app.imaging.header.numbers import number_of, whole_of
from app.imaging.header.region import Region

MOST_REGIONS = 64
_VALUE_BYTES = 64
_PLACES = ("RegionLocationMinX0", "RegionLocationMinY0", "RegionLocationMaxX1", "RegionLocationMaxY1")
_UNITS = ("PhysicalUnitsXDirection", "PhysicalUnitsYDirection")
_STEPS = ("PhysicalDeltaX", "PhysicalDeltaY")


def read_regions(ds: Dataset, rows: int, columns: int) -> tuple[Region, ...]:
    """Those that lie in the image and say what a pixel means; others are left out."""
    items = value_of(ds, "SequenceOfUltrasoundRegions") or []
    found = (_region(item, rows, columns) for item in list(items)[:MOST_REGIONS] if isinstance(item, Dataset))
    return tuple(region for region in found if region is not None)


def _region(item: Dataset, rows: int, columns: int) -> Region | None:
    places = [whole_of(_value(item, keyword)) for keyword in _PLACES]
    units = [whole_of(_value(item, keyword)) for keyword in _UNITS]
    steps = [number_of(_value(item, keyword)) for keyword in _STEPS]
    if None in places or None in units or not all(steps):
        return None
    left, top, right, bottom = (place or 0 for place in places)
    if not (0 <= left <= right < columns and 0 <= top <= bottom < rows):
        return None
    kind = whole_of(_value(item, "RegionDataType")) or 0
    return Region(left, top, right, bottom, units[0] or 0, units[1] or 0, steps[0] or 0.0, steps[1] or 0.0, kind)


def _value(ds: Dataset, keyword: str) -> Any:
    return value_of(ds, keyword, most_bytes=_VALUE_BYTES)
