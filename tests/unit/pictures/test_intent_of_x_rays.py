"""X-rays for processing give way to those for presentation of the same view, and are never hidden alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset

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


def source(number: int) -> dict[str, Any]:
    """Says that an image was made of the one with this number."""
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.1.2.1", f"1.2.3.{number}.1"
    return {"SourceImageSequence": [item]}


def at(time: str) -> dict[str, Any]:
    return {"AcquisitionDate": "20260101", "AcquisitionTime": time}


def event(number: int) -> dict[str, Any]:
    return {"IrradiationEventUID": f"1.2.9.{number}"}


@pytest.mark.parametrize("evidence", [at, source, event], ids=["moment", "source", "irradiation event"])
def test_the_one_for_presentation_is_shown_in_place_of_that_for_processing(house: Services, evidence: Any) -> None:
    views = [("R", "CC"), ("L", "CC"), ("R", "MLO"), ("L", "MLO")]
    names = [f"10000{number}" for number in range(1, 5)] if evidence is at else list(range(1, 5))
    own = [{} if evidence is source else evidence(name) for name in names]
    raw = [x_ray(number, PROCESSING, *view, **own[number - 1]) for number, view in enumerate(views, 1)]
    made = [
        x_ray(number + 10, PRESENTATION, *views[number - 1], **evidence(names[number - 1])) for number in range(1, 5)
    ]
    assert shown(house, *raw, *made) == ["11", "12", "13", "14"]


NOW = at("100000.5")


@pytest.mark.parametrize(
    ("others", "all_shown"),
    [
        ([], ["1"]),
        ([x_ray(2, PRESENTATION, "L", **NOW)], ["1", "2"]),
        ([x_ray(2, PRESENTATION, "R", "MLO", **NOW)], ["1", "2"]),
        ([x_ray(2, None, **NOW)], ["1", "2"]),
        ([x_ray(2, PRESENTATION, **at("100130"))], ["1", "2"]),
        ([x_ray(2, PRESENTATION)], ["1", "2"]),
        ([x_ray(2, PRESENTATION, **source(7))], ["1", "2"]),
        ([x_ray(2, PROCESSING, **at("100130")), x_ray(3, PRESENTATION, **NOW)], ["2", "3"]),
        ([x_ray(2, PROCESSING, **at("100130")), x_ray(3, PRESENTATION, **at("1001"))], ["1", "2", "3"]),
        ([x_ray(2, PRESENTATION, **at("100130")), x_ray(3, PRESENTATION, **at("100200"))], ["1", "2", "3"]),
        ([x_ray(2, PRESENTATION, "", None, **source(1))], ["2"]),
    ],
    ids=[
        "alone",
        "of the other side",
        "of another view",
        "without an intent",
        "of a repeated exposure",
        "that says nothing of its exposure",
        "made of another image",
        "taken twice, presented once",
        "taken twice, presented at an odd time",
        "presented twice, of other exposures",
        "made of it, without a view",
    ],
)
def test_what_has_no_counterpart_is_never_hidden(house: Services, others: list[bytes], all_shown: list[str]) -> None:
    assert shown(house, x_ray(1, PROCESSING, **at("100000.500")), *others) == all_shown


def test_an_object_of_another_number_of_frames_is_no_counterpart(house: Services) -> None:
    pixels = {"NumberOfFrames": 2, "PixelData": bytes(2 * 8 * 8 * 2)}
    projections = x_ray(1, PROCESSING, **NOW, **pixels)
    assert shown(house, projections, x_ray(2, PRESENTATION, **NOW, **source(1))) == ["1", "2"]
