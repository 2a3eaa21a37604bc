"""Side, view and directions of a projection are read off every attribute that tells them, and nothing odd is kept."""

from __future__ import annotations

from typing import Any

import pytest
from pydicom import Dataset

from app.imaging.header.image_header import ImageHeader
from deploy.testbed.ct import ct_slice
from tests.unit.imaging.test_told_by_headers import header_of


def code(value: str) -> list[Dataset]:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "SCT", "view"
    return [item]


@pytest.mark.parametrize(
    ("told", "laterality", "projection"),
    [
        ({}, "", ""),
        ({"ImageLaterality": "R", "ViewPosition": "CC"}, "R", "CC"),
        ({"Laterality": "l", "ViewPosition": "mlo"}, "L", "MLO"),
        ({"ImageLaterality": "L", "ViewCodeSequence": code("399368009")}, "L", "MLO"),
        ({"ImageLaterality": "R", "ViewCodeSequence": code("R-10242"), "ViewPosition": "XX"}, "R", "CC"),
        ({"ImageLaterality": "R", "ViewCodeSequence": code("unknown"), "ViewPosition": "PA"}, "R", "PA"),
        ({"ImageLaterality": "BOTH", "ViewPosition": "P" * 16}, "", "P" * 16),
    ],
)
def test_side_and_view(told: dict[str, Any], laterality: str, projection: str) -> None:
    header = header_of(ct_slice(8, **told))
    assert (header.laterality, header.projection) == (laterality, projection)


@pytest.mark.parametrize(
    ("told", "directions"),
    [
        (None, None),
        (["L", "F"], ("L", "F")),
        (["a", "fr"], ("A", "FR")),
        (["L", ""], None),
        (["L", "X"], None),
        ("L", None),
        (["L", "F", "P"], None),
    ],
)
def test_directions(told: Any, directions: tuple[str, str] | None) -> None:
    assert header_of(ct_slice(8, PatientOrientation=told)).patient_orientation == directions


def test_a_header_of_an_older_release_has_none() -> None:
    plain = header_of(ct_slice(8)).to_json()
    assert "laterality" not in plain
    assert ImageHeader.from_json(plain).patient_orientation is None
