"""How large a pixel is, and how far from square, off a DICOM header (PS3.3 10.7.1.3, C.7.6.3.1.7)."""

from __future__ import annotations

from typing import Any

from pydicom import Dataset

from app.dicom.element_values import value_of
from app.imaging.header.numbers import numbers_of

SPACINGS = ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing")
_VALUE_BYTES = 1024
LEAST_DIFFERENCE = 0.005
"""Below it spacings are equal but for rounding."""
MOST_ASPECT = 20.0
"""A pixel is not longer than this many times its width; a header that says so is wrong."""


def pixel_spacing(ds: Dataset) -> tuple[float, float] | None:
    """mm between rows, mm between columns; in the patient before at the detector."""
    measures = [
        item
        for groups in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")
        for group in (value_of(ds, groups) or [])[:1]
        for item in value_of(group, "PixelMeasuresSequence") or []
    ]
    in_the_patient = (_pair(_value(source, "PixelSpacing")) for source in (ds, *measures))
    at_the_detector = (_pair(_value(ds, keyword)) for keyword in SPACINGS[1:])
    return next((pair for pairs in (in_the_patient, at_the_detector) for pair in pairs if pair), None)


def pixel_aspect(ds: Dataset, spacing: tuple[float, float] | None) -> float:
    """The height of a pixel to its width: by the spacing, or without one by the Pixel Aspect Ratio."""
    pair = spacing or _pair(_value(ds, "PixelAspectRatio"))
    aspect = pair[0] / pair[1] if pair else 1.0
    is_odd = abs(aspect - 1) < LEAST_DIFFERENCE or not 1 / MOST_ASPECT <= aspect <= MOST_ASPECT
    return 1.0 if is_odd else aspect


def _value(ds: Dataset, keyword: str) -> Any:
    return value_of(ds, keyword, most_bytes=_VALUE_BYTES)


def _pair(value: Any) -> tuple[float, float] | None:
    numbers = numbers_of(value)
    return (numbers[0], numbers[1]) if len(numbers) == 2 and min(numbers) > 0 else None
