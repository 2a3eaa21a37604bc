"""X-rays for processing give way to those for presentation of the same view, and are never hidden alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.bootstrap import Services
from deploy.testbed.ct import ct_slice, part10
from tests.factories.house import services
from tests.factories.pictures_of import manifest_of, prepare

PROCESSING, PRESENTATION = "FOR PROCESSING", "FOR PRESENTATION"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Services]:
    built = services(tmp_path)
    yield built
    built.pictures.renderer.close()


def x_ray(number: int, intent: str | None, side: str = "R", view: str | None = "CC", **changes: Any) -> bytes:
    """A mammogram in a series of its own, which is named after it."""
    return part10(
        ct_slice(
            StudyInstanceUID="1.2.3",
            SeriesInstanceUID=f"1.2.3.{number}",
            SOPInstanceUID=f"1.2.3.{number}.1",
            SeriesNumber=number,
            SeriesDescription=str(number),
            Modality="MG",
            PresentationIntentType=intent,
            ImageLaterality=side,
            ViewPosition=view,
            ImagePositionPatient=None,
            ImageOrientationPatient=None,
            **changes,
        )
    )


def shown(house: Services, *files: bytes) -> list[str]:
    prepare(house, *files)
    return [series["description"] for series in manifest_of(house)]


def test_the_one_for_presentation_is_shown_in_place_of_that_for_processing(house: Services) -> None:
    views = [("R", "CC"), ("L", "CC"), ("R", "MLO"), ("L", "MLO")]
    raw = [x_ray(number, PROCESSING, *view) for number, view in enumerate(views, 1)]
    made = [x_ray(number, PRESENTATION, *view) for number, view in enumerate(views, 11)]
    assert shown(house, *raw, *made) == ["11", "12", "13", "14"]


@pytest.mark.parametrize(
    ("others", "all_shown"),
    [
        ([], ["1"]),
        ([x_ray(2, PRESENTATION, "L")], ["1", "2"]),
        ([x_ray(2, PRESENTATION, "R", "MLO")], ["1", "2"]),
        ([x_ray(2, None)], ["1", "2"]),
        ([x_ray(2, PROCESSING), x_ray(3, PRESENTATION)], ["1", "2", "3"]),
    ],
    ids=["alone", "of the other side", "of another view", "without an intent", "taken twice, presented once"],
)
def test_what_has_no_counterpart_is_never_hidden(house: Services, others: list[bytes], all_shown: list[str]) -> None:
    assert shown(house, x_ray(1, PROCESSING), *others) == all_shown


def test_without_a_named_view_both_are_shown(house: Services) -> None:
    assert shown(house, x_ray(1, PROCESSING, view=None), x_ray(2, PRESENTATION, view=None)) == ["1", "2"]
