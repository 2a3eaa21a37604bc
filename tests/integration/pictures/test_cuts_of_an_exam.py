"""The addresses of cuts: for the exam's own session alone, within bounds, and each look is on record."""

from __future__ import annotations

import io

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from app.bootstrap import Services
from tests.factories.access import let_in
from tests.factories.pictures_of import prepare
from tests.factories.staff import audited
from tests.factories.telling import exam_of
from tests.unit.volumes.test_volumes import SIDE, stack

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
