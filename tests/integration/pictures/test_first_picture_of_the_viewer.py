"""The viewer's page bears the preview of one frame and asks for that frame in full: the one that the link names."""

from __future__ import annotations

import re
from base64 import b64decode

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.bootstrap import Services
from tests.factories.access import let_in
from tests.factories.pictures_of import jpeg_of, prepare
from tests.factories.telling import exam_of
from tests.unit.volumes.test_volumes import SIDE, stack

FRAMES, MIDDLE = 12, 6
SOURCE = re.compile(r'id="first-frame" src="data:image/jpeg;base64,([^"]+)"')
ASKED = re.compile(r'id="first-sharp"[^>]*\ssrc="[^"]*/series/(\d+)/frames/(\d+)\.jpg"')


@pytest.fixture
def phone(house: Services, app: Flask) -> tuple[FlaskClient, str]:
    voxels = np.arange(FRAMES, dtype=np.int16)[:, None, None] * 100 + np.zeros((FRAMES, SIDE, SIDE), np.int16)
    voxels[:, : SIDE // 2] += 50
    prepare(house, *stack(voxels))
    exam_id = exam_of(house).id
    return let_in(app, house, exam_id), f"/exams/{exam_id.hex}/viewer"


@pytest.mark.parametrize(
    ("query", "frame"),
    [
        ("", MIDDLE),
        ("?series=1&frame=9", 9),
        ("?series=1&frame=12", 12),
        ("?series=1&frame=13", MIDDLE),
        ("?series=1&frame=0", MIDDLE),
        ("?series=2&frame=1", MIDDLE),
        ("?series=0&frame=1", MIDDLE),
        ("?series=-1&frame=-1", MIDDLE),
        ("?series=x&frame=%00", MIDDLE),
        ("?frame=9", MIDDLE),
    ],
)
def test_the_page_bears_the_frame_that_its_address_names_or_else_the_key_frame(
    house: Services, phone: tuple[FlaskClient, str], query: str, frame: int
) -> None:
    client, address = phone
    answer = client.get(address + query)
    assert answer.status_code == 200
    [inside] = SOURCE.findall(answer.text)
    assert b64decode(inside) == jpeg_of(house, 1, frame, preview=True)
    assert ASKED.findall(answer.text) == [("1", str(frame))]
    assert f'data-series="1" data-frame="{frame}"' in answer.text


def test_nothing_stands_before_the_first_picture_that_the_browser_must_fetch(phone: tuple[FlaskClient, str]) -> None:
    client, address = phone
    before = client.get(address).text.partition('id="first-frame"')[0]
    assert 'rel="stylesheet"' not in before
    assert re.findall(r"<script(?! type=\"module\")(?![^>]* defer)[^>]*>", before) == []
    assert len(before) < 16_000
