"""Every picture of a share bears who opened it and when; a doctor's PC sees pictures as they are."""

from __future__ import annotations

import base64
import io
import re
import struct
import zipfile
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from flask import Flask, Response
from flask.testing import FlaskClient
from PIL import Image

from app.web.patient.images import blueprint
from tests.factories.sharing import doctor, guest, revoke, share
from tests.factories.whole_house import PATIENT, WholeHouse, whole_house

EVERYTHING = {"pictures": "1", "report": "1", "originals": "1"}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeHouse]:
    made = whole_house(tmp_path_factory.mktemp("house"))
    yield made
    made.close()


class Owner:
    """The patient of the house, as a client."""

    def __init__(self, house: WholeHouse) -> None:
        self.exam_id = house.known["exam_id"]
        self.client = house.app.test_client()
        name, _, value = house.callers[PATIENT]["Cookie"].partition("=")
        self.client.set_cookie(name, value)


@pytest.fixture(scope="module")
def owner(house: WholeHouse) -> Owner:
    return Owner(house)


@pytest.fixture(scope="module")
def visitor(house: WholeHouse, owner: Owner) -> tuple[FlaskClient, str]:
    return guest(house.app, share(owner.client, owner.exam_id, **EVERYTHING))


def pixels(picture: bytes) -> Any:
    with Image.open(io.BytesIO(picture)) as image:
        return np.asarray(image.convert("L"), dtype=float)


def is_marked(picture: bytes, plain: bytes) -> bool:
    """Letters stand over the upper and the lower edge: many pixels of these differ much, and few between them."""
    changed = np.abs(pixels(picture) - pixels(plain)) > 40
    rows = changed.shape[0]
    edges = changed[: rows // 16].mean() + changed[-rows // 16 :].mean()
    return bool(edges > 0.05)


def batch(body: bytes) -> list[bytes]:
    pieces, at = [], 0
    while at < len(body):
        (length,) = struct.unpack_from(">I", body, at)
        pieces.append(body[at + 4 : at + 4 + length])
        at += 4 + length
    return pieces


def zipped(data: bytes) -> list[bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [archive.read(name) for name in archive.namelist()]


def inlined(page: str) -> list[bytes]:
    return [base64.b64decode(text) for text in re.findall(r"data:image/jpeg;base64,([^\"]+)", page)]


def all_pictures(client: FlaskClient, base: str) -> list[bytes]:
    """From every address that shows any."""
    singles = ("/frames/1.jpg", "/frames/1.jpg?size=256", "/frames/2.png", "/frames/3.jpg?wc=40&ww=400&size=128")
    found = [client.get(f"{base}/series/1{tail}").data for tail in singles]
    for size in ("256", "1024"):
        found += batch(client.get(f"{base}/series/1/frames.batch?from=1&count=3&size={size}").data)
    found += zipped(client.get(f"{base}/images.zip").data)
    return found + inlined(client.get(f"{base}/viewer").text)


def test_every_picture_of_a_share_bears_who_and_when(owner: Owner, visitor: tuple[FlaskClient, str]) -> None:
    plain = all_pictures(owner.client, f"/exams/{owner.exam_id}")
    shown = all_pictures(*visitor)
    assert len(plain) == len(shown) > 10
    assert [is_marked(one, other) for one, other in zip(shown, plain, strict=True)] == [True] * len(plain)
    assert [pixels(one).shape for one in shown] == [pixels(one).shape for one in plain]


def test_two_openings_bear_different_marks(house: WholeHouse, owner: Owner, visitor: tuple[FlaskClient, str]) -> None:
    other, base = guest(house.app, share(owner.client, owner.exam_id, **EVERYTHING))
    one = visitor[0].get(f"{visitor[1]}/series/1/frames/1.jpg").data
    assert not np.array_equal(pixels(one), pixels(other.get(f"{base}/series/1/frames/1.jpg").data))


def test_a_doctors_pc_sees_pictures_as_they_are(house: WholeHouse, owner: Owner) -> None:
    pc, base = doctor(house.app, owner.client, owner.exam_id)
    assert all_pictures(pc, base) == all_pictures(owner.client, f"/exams/{owner.exam_id}")
    assert pc.get(f"{base}/dicom.zip").status_code == 200


def test_a_guest_has_every_address_of_pictures_that_a_patient_has(house: WholeHouse) -> None:
    rules = {rule.rule for rule in house.app.url_map.iter_rules()}
    of_patients = {
        rule.rule for rule in house.app.url_map.iter_rules() if rule.endpoint.startswith(f"{blueprint.name}.")
    }
    assert of_patients
    assert {rule.replace("/exams/", "/guest/") for rule in of_patients} <= rules


def test_a_kind_of_answer_that_cannot_be_marked_is_not_shown_by_a_share(
    house: WholeHouse, owner: Owner, visitor: tuple[FlaskClient, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    app: Flask = house.app
    for kind in ("video/mp4", "application/octet-stream", "application/pdf", "image/tiff", "text/html"):
        monkeypatch.setitem(
            app.view_functions, "guest_images.manifest", lambda exam_id, kind=kind: Response(b"x", mimetype=kind)
        )
        assert visitor[0].get(f"{visitor[1]}/manifest.json").status_code == 404
        pc, base = doctor(app, owner.client, owner.exam_id)
        assert pc.get(f"{base}/manifest.json").status_code == 200


def test_a_download_of_a_share_is_cut_off_when_it_is_revoked(house: WholeHouse, owner: Owner) -> None:
    given = share(owner.client, owner.exam_id, **EVERYTHING)
    client, base = guest(house.app, given)
    answer = client.get(f"{base}/dicom.zip", buffered=False)
    assert answer.status_code == 200
    pieces = iter(answer.response)
    next(pieces)
    revoke(owner.client, owner.exam_id, given)
    house.app.extensions["cloudfilm.under-way"].look()
    with pytest.raises(ConnectionResetError):
        b"".join(pieces)
    answer.close()
