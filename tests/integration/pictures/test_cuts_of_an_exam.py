"""The addresses of cuts: for the exam's own session alone, within bounds, and each look is on record."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from app.bootstrap import Services
from deploy.testbed.ct import ct_slice, part10
from tests.factories.access import issued, let_in, opened
from tests.factories.pictures_of import manifest_of, prepare
from tests.factories.staff import audited
from tests.factories.telling import exam_of
from tests.unit.volumes.test_volumes import GAP, SIDE, SLICES, stack

MPR = "series/1/mpr"


@pytest.fixture
def phone(house: Services, app: Flask) -> tuple[FlaskClient, str]:
    prepare(house, *stack())
    exam_id = exam_of(house).id
    return let_in(app, house, exam_id), f"/exams/{exam_id.hex}/"


def test_a_cut_is_served_in_each_format_and_is_a_look(house: Services, phone: tuple[FlaskClient, str]) -> None:
    client, page = phone
    assert not audited(house, "images.viewed")
    for fmt, kind in (("jpg", "JPEG"), ("webp", "WEBP"), ("png", "PNG")):
        answer = client.get(f"{page}{MPR}/coronal/3.{fmt}?slab=4&mode=mip&wc=40&ww=400&size=64")
        assert answer.status_code == 200
        assert Image.open(io.BytesIO(answer.data)).format == kind
        assert client.get(f"{page}series/1/frames/3.{fmt}?size=64").content_type == answer.content_type
        assert answer.headers["Cache-Control"] == client.get(f"{page}series/1/frames/1.jpg").headers["Cache-Control"]
    assert len(audited(house, "images.viewed")) == 1
    plain, windowed = (
        np.asarray(Image.open(io.BytesIO(client.get(f"{page}{MPR}/axial/1.png{query}").data)))
        for query in ("", "?wc=40&ww=400")
    )
    assert np.array_equal(plain, windowed)  # the header's window


@pytest.mark.parametrize(
    ("tail", "status"),
    [
        ("axial/0.jpg", 404),
        ("axial/13.jpg", 404),
        ("oblique/1.jpg", 404),
        ("axial/1.gif", 404),
        ("axial/1.jpg?slab=201", 400),
        ("axial/1.jpg?slab=-1", 400),
        ("axial/1.jpg?slab=nan", 400),
        ("axial/1.jpg?slab=1e2", 400),
        ("axial/1.jpg?mode=max", 400),
        ("axial/1.jpg?wc=40", 400),
        ("axial/1.jpg?wc=40&ww=0", 400),
        ("axial/1.jpg?size=63", 400),
        (f"sagittal/{SIDE}.jpg?slab=200&mode=minip", 200),
    ],
)
def test_bad_values_are_refused(phone: tuple[FlaskClient, str], tail: str, status: int) -> None:
    client, page = phone
    assert client.get(f"{page}{MPR}/{tail}").status_code == status


def test_a_stranger_and_a_held_exam_get_nothing(house: Services, app: Flask, phone: tuple[FlaskClient, str]) -> None:
    client, page = phone
    assert app.test_client().get(f"{page}{MPR}/axial/1.jpg").status_code == 404
    assert client.get(f"{page}{MPR}/axial/1.jpg").status_code == 200
    house.release.holds.withhold(exam_of(house).id, "note", "staff:test")
    assert client.get(f"{page}{MPR}/axial/1.jpg").status_code == 404


@pytest.mark.parametrize(
    ("tail", "status"),
    [
        ("axial/oblique.jpg?turn=1,0,0,0&mm=0", 200),
        ("sagittal/oblique.webp?turn=0.8,0,-0.6,0&mm=-2.5&slab=200&mode=minip&size=64&wc=40&ww=400", 200),
        ("axial/oblique.jpg?turn=-1,0,0,0&mm=0", 200),
        ("axial/oblique.jpg?turn=1,0,0,0&mm=999999", 404),
        ("axial/oblique.jpg?turn=1,0,0,0&mm=17", 404),
        ("oblique/oblique.jpg?turn=1,0,0,0&mm=0", 404),
        ("axial/oblique.gif?turn=1,0,0,0&mm=0", 404),
        ("axial/oblique.jpg", 400),
        ("axial/oblique.jpg?turn=1,0,0,0", 400),
        ("axial/oblique.jpg?mm=0", 400),
        ("axial/oblique.jpg?turn=1,0,0&mm=0", 400),
        ("axial/oblique.jpg?turn=1,0,0,0,0&mm=0", 400),
        ("axial/oblique.jpg?turn=0,0,0,0&mm=0", 400),
        ("axial/oblique.jpg?turn=0.9,0,0,0&mm=0", 400),
        ("axial/oblique.jpg?turn=1,1,0,0&mm=0", 400),
        ("axial/oblique.jpg?turn=nan,0,0,0&mm=0", 400),
        ("axial/oblique.jpg?turn=1e0,0,0,0&mm=0", 400),
        ("axial/oblique.jpg?turn=0.99999999,0,0,0&mm=0", 400),
        ("axial/oblique.jpg?turn=1,0,0,0%0A&mm=0", 400),
        ("axial/oblique.jpg?turn=%D9%A1,0,0,0&mm=0", 400),  # a digit of another alphabet
        ("axial/oblique.jpg?turn=1,0,0,0&mm=nan", 400),
        ("axial/oblique.jpg?turn=1,0,0,0&mm=inf", 400),
        ("axial/oblique.jpg?turn=1,0,0,0&mm=0&slab=201", 400),
        ("axial/oblique.jpg?turn=1,0,0,0&mm=0&size=4096", 400),
    ],
)
def test_turned_cuts_are_served_and_bad_turns_refused(phone: tuple[FlaskClient, str], tail: str, status: int) -> None:
    client, page = phone
    assert client.get(f"{page}{MPR}/{tail}").status_code == status


def test_a_plane_that_is_not_turned_is_the_cut_itself_and_a_turned_one_is_not(phone: tuple[FlaskClient, str]) -> None:
    client, page = phone
    told = client.get(f"{page}manifest.json").get_json()["series"][0]
    assert told["mpr_box"] == [SIDE, SIDE, SLICES * GAP]
    k, count = 5, told["mpr"]["axial"]
    mm = (k - (count + 1) / 2) * told["mpr_box"][2] / count
    straight, same, other = (
        client.get(f"{page}{MPR}/axial/{name}").data
        for name in (f"{k}.png", f"oblique.png?turn=1,0,0,0&mm={mm}", f"oblique.png?turn=0.8,0.6,0,0&mm={mm}")
    )
    assert straight == same
    assert straight != other
    assert max(Image.open(io.BytesIO(other)).size) > SIDE  # the whole box is in it


def test_a_turned_cut_is_for_the_exams_own_session_while_it_is_shown(
    house: Services, app: Flask, phone: tuple[FlaskClient, str]
) -> None:
    client, page = phone
    address = f"{page}{MPR}/axial/oblique.jpg?turn=0.8,0.6,0,0&mm=0"
    assert app.test_client().get(address).status_code == 404
    stranger = opened(app, issued(house, "B1", patient_name="王五", patient_id="P9"))
    assert stranger.get(address).status_code == 404
    assert client.get(address.replace("series/1", "series/2")).status_code == 404
    assert not audited(house, "images.viewed")
    assert client.get(address).status_code == 200
    assert len(audited(house, "images.viewed")) == 1
    house.release.holds.withhold(exam_of(house).id, "note", "staff:test")
    assert client.get(address).status_code == 404


def volumes_in_one_series(house: Services, keyword: str, values: list[int]) -> list[dict[str, Any]]:
    """The manifest's series of six places, with an image for each value at each of them."""
    uids = {"StudyInstanceUID": "1.2.3.7", "SeriesInstanceUID": "1.2.3.7.1", "Modality": "MR"}
    images = [
        ct_slice(InstanceNumber=1 + z * len(values) + at, ImagePositionPatient=[0, 0, z], **{keyword: value}, **uids)
        for z in range(6)
        for at, value in enumerate(values)
    ]
    prepare(house, *map(part10, images))
    return manifest_of(house)


@pytest.mark.parametrize("keyword", ["EchoTime", "TemporalPositionIdentifier", "AcquisitionNumber"])
def test_several_volumes_in_one_series_are_series_of_their_own_and_have_cuts(house: Services, keyword: str) -> None:
    shown = volumes_in_one_series(house, keyword, [20, 10])
    assert [series["frames"] for series in shown] == [6, 6]
    assert all(series["mpr"] for series in shown)


def test_a_film_of_many_volumes_stays_one_series_and_says_why_it_has_no_cuts(house: Services) -> None:
    (shown,) = volumes_in_one_series(house, "TemporalPositionIdentifier", list(range(1, 10)))
    assert shown["frames"] == 54
    assert shown["mpr"] is None
    assert "同一位置有多幅图像" in shown["mpr_reason"]
