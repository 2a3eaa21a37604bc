"""The values of a frame in full depth: the same as the server draws, once decoded, and refused for colour."""

from __future__ import annotations

import gzip
import io

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from app.bootstrap import Services
from deploy.testbed.ct import ct_slice, part10
from tests.factories.access import let_in
from tests.factories.pictures_of import prepare
from tests.factories.staff import audited
from tests.factories.telling import exam_of
from tests.unit.imaging.test_full_depth import read_back

TAIL = "series/1/frames/1/values.bin"
GZIP = {"Accept-Encoding": "gzip, deflate"}


def opened(house: Services, app: Flask, file: bytes) -> tuple[FlaskClient, str]:
    prepare(house, file)
    exam_id = exam_of(house).id
    return let_in(app, house, exam_id), f"/exams/{exam_id.hex}/"


def test_under_a_window_the_values_give_the_servers_picture_and_asking_is_a_look(house: Services, app: Flask) -> None:
    client, page = opened(house, app, part10(ct_slice(64)))
    answer = client.get(page + TAIL, headers=GZIP)
    assert answer.status_code == 200
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert len(audited(house, "images.viewed")) == 1
    told, stored = read_back(answer.data)
    values = stored * told["slope"] + told["intercept"]
    shown = np.clip(((values - (40 - 0.5)) / (400 - 1) + 0.5) * 255, 0, 255)
    png = client.get(f"{page}series/1/frames/1.png?wc=40&ww=400").data
    with Image.open(io.BytesIO(png)) as image:
        assert np.abs(np.asarray(image) - shown).max() <= 1
    assert shown.min() < shown.max()


def test_a_client_that_knows_no_gzip_gets_plain_bytes(house: Services, app: Flask) -> None:
    client, page = opened(house, app, part10(ct_slice(64)))
    plain = client.get(page + TAIL)
    assert "Content-Encoding" not in plain.headers
    assert plain.data == gzip.decompress(client.get(page + TAIL, headers=GZIP).data)


def test_a_frame_that_is_not_there_has_no_values(house: Services, app: Flask) -> None:
    client, page = opened(house, app, part10(ct_slice(64)))
    assert client.get(f"{page}series/1/frames/2/values.bin").status_code == 404
    assert client.get(f"{page}series/2/frames/1/values.bin").status_code == 404


@pytest.mark.parametrize(
    "changes",
    [
        {
            "SamplesPerPixel": 3,
            "PhotometricInterpretation": "RGB",
            "PlanarConfiguration": 0,
            "BitsAllocated": 8,
            "BitsStored": 8,
            "HighBit": 7,
            "PixelRepresentation": 0,
            "PixelData": bytes(3 * 8 * 8),
        },
        {"PixelSpacing": None, "PixelAspectRatio": [2, 1]},
    ],
    ids=["colour", "pixels that are not square"],
)
def test_where_a_window_is_not_the_whole_picture_nothing_is_given(
    house: Services, app: Flask, changes: dict[str, object]
) -> None:
    client, page = opened(house, app, part10(ct_slice(8, **changes)))
    assert client.get(page + "series/1/frames/1.jpg").status_code == 200
    assert client.get(page + TAIL).status_code == 422
