"""What the viewer measures with: for the exam's own session alone, within bounds, true to a known phantom."""

from __future__ import annotations

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.bootstrap import Services
from deploy.testbed.ct import ct_slice, part10
from tests.factories.access import let_in
from tests.factories.pictures_of import prepare
from tests.factories.staff import audited
from tests.factories.telling import exam_of
from tests.unit.volumes.test_volumes import SIDE, stack

REGION = "series/1/frames/3/region.json"
VALUES = "series/1/frames/3/values.bin"
FRAME_OF_REFERENCE = "1.2.3.9"
BOX = "shape=rectangle&left=0.25&top=0.25&right=0.75&bottom=0.75"


@pytest.fixture
def phone(house: Services, app: Flask) -> tuple[FlaskClient, str]:
    voxels = np.zeros((12, SIDE, SIDE), np.int16)
    voxels[:, SIDE // 4 : 3 * SIDE // 4, SIDE // 4 : 3 * SIDE // 4] = 1124
    voxels[:, SIDE // 4 : SIDE // 2, SIDE // 4 : 3 * SIDE // 4] = 924
    prepare(house, *stack(voxels, FrameOfReferenceUID=FRAME_OF_REFERENCE))
    exam_id = exam_of(house).id
    return let_in(app, house, exam_id), f"/exams/{exam_id.hex}/"


def test_the_values_in_a_box_are_those_of_the_phantom_and_asking_is_a_look(
    house: Services, phone: tuple[FlaskClient, str]
) -> None:
    client, page = phone
    assert not audited(house, "images.viewed")
    told = client.get(f"{page}{REGION}?{BOX}").get_json()
    assert told["pixels"] == (SIDE // 2) ** 2
    assert told["greatest"] - told["least"] == pytest.approx(200)
    assert told["mean"] == pytest.approx((told["greatest"] + told["least"]) / 2)
    assert told["sd"] == pytest.approx(100)
    assert len(audited(house, "images.viewed")) == 1


@pytest.mark.parametrize(
    ("tail", "status"),
    [
        (f"frames/0/region.json?{BOX}", 404),
        (f"frames/13/region.json?{BOX}", 404),
        ("frames/1/region.json", 400),
        ("frames/1/region.json?left=0&top=0&right=1", 400),
        ("frames/1/region.json?left=0&top=0&right=1&bottom=1.1", 400),
        ("frames/1/region.json?left=-0.1&top=0&right=1&bottom=1", 400),
        ("frames/1/region.json?left=nan&top=0&right=1&bottom=1", 400),
        ("frames/1/region.json?left=0&top=0&right=1&bottom=1&shape=star", 400),
        ("frames/1/region.json?left=0&top=0&right=0&bottom=0", 200),
        ("frames/1/region.json?left=0&top=0&right=1&bottom=1.0", 200),
    ],
)
def test_bad_outlines_are_refused(phone: tuple[FlaskClient, str], tail: str, status: int) -> None:
    client, page = phone
    assert client.get(f"{page}series/1/{tail}").status_code == status


def test_places_tell_the_size_in_the_patient_and_where_each_slice_lies(phone: tuple[FlaskClient, str]) -> None:
    client, page = phone
    told = client.get(f"{page}series/1/places.json").get_json()
    assert told["unit"] == "HU"
    assert [size["at"] for size in told["sizes"]] == ["patient"]
    assert told["sizes"][0]["width"] > 0
    assert len(told["positions"]) == 12
    assert [len(orientation) for orientation in told["orientations"]] == [6]
    (space,) = told["spaces"]
    assert len(space) == 16
    assert space != FRAME_OF_REFERENCE
    assert client.get(f"{page}series/2/places.json").status_code == 404


def test_a_stranger_and_a_held_exam_get_nothing(house: Services, app: Flask, phone: tuple[FlaskClient, str]) -> None:
    client, page = phone
    for tail in (f"{REGION}?{BOX}", "series/1/places.json", VALUES):
        assert app.test_client().get(page + tail).status_code == 404
        assert client.get(page + tail).status_code == 200
    house.release.holds.withhold(exam_of(house).id, "note", "staff:test")
    for tail in (f"{REGION}?{BOX}", "series/1/places.json", VALUES):
        assert client.get(page + tail).status_code == 404


@pytest.mark.parametrize(
    ("changes", "size"),
    [
        ({"ImagerPixelSpacing": [0.2, 0.1], "PixelSpacing": None}, (0.8, 1.6, "detector")),
        ({"PixelSpacing": [0.2, 0.1]}, (0.8, 1.6, "patient")),
        ({"PixelSpacing": [0.2, 0.1], "Modality": "DX"}, (0.8, 1.6, "detector")),
        ({"PixelSpacing": None}, None),
        ({"PixelSpacing": [0.0, 0.1]}, None),
    ],
    ids=["at the detector", "in the patient", "a projection", "unknown", "zero"],
)
def test_spacing_at_the_detector_is_told_apart_and_none_is_none(
    house: Services, app: Flask, changes: dict[str, object], size: tuple[float, float, str] | None
) -> None:
    prepare(house, part10(ct_slice(**changes)))  # of 8 x 8 pixels
    exam_id = exam_of(house).id
    told = let_in(app, house, exam_id).get(f"/exams/{exam_id.hex}/series/1/places.json").get_json()
    assert told["sizes"] == [size and {"width": size[0], "height": size[1], "at": size[2]}]


@pytest.mark.parametrize(
    ("changes", "windows"),
    [
        (
            {
                "WindowCenter": [2000, 2400],
                "WindowWidth": [1500, 900],
                "WindowCenterWidthExplanation": ["NORMAL", "HARDER"],
            },
            [{"name": "NORMAL", "center": 2000, "width": 1500}, {"name": "HARDER", "center": 2400, "width": 900}],
        ),
        (
            {
                "WindowCenter": [40, 50, 60],
                "WindowWidth": [0, 5, 6],
                "WindowCenterWidthExplanation": ["没有", "软组织\u202e"],
            },
            [{"name": "软组织", "center": 50, "width": 5}, {"name": "", "center": 60, "width": 6}],
        ),
        (
            {"WindowCenter": [1, 2], "WindowWidth": [3, 4]},
            [{"name": "", "center": 1, "width": 3}, {"name": "", "center": 2, "width": 4}],
        ),
        ({"WindowCenter": 1, "WindowWidth": 3, "WindowCenterWidthExplanation": "ONE"}, []),
    ],
    ids=["named", "one without a width", "without names", "only one"],
)
def test_several_windows_of_a_header_are_told_by_name(
    house: Services, app: Flask, changes: dict[str, object], windows: list[dict[str, object]]
) -> None:
    prepare(house, part10(ct_slice(SpecificCharacterSet="ISO_IR 192", **changes)))
    exam_id = exam_of(house).id
    told = let_in(app, house, exam_id).get(f"/exams/{exam_id.hex}/series/1/places.json").get_json()
    assert told["windows"] == [windows]
