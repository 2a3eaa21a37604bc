"""Every picture of a share bears who opened it and when; a doctor's PC sees pictures as they are."""

from __future__ import annotations

import base64
import io
import re
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from flask import Flask, Response
from flask.testing import FlaskClient
from PIL import Image

from app.bootstrap import Services
from app.services.ingest.incoming import DoorName, IncomingObject
from app.web.exam import cut_off
from app.web.patient.images import blueprint
from deploy.testbed.ct import ct_slice, part10
from tests.factories.access import application
from tests.factories.house import services
from tests.factories.sharing import doctor, guest, patient, revoke, share
from tests.factories.telling import report, sweep

EVERYTHING = {"pictures": "1", "report": "1", "originals": "1"}


@dataclass(frozen=True)
class House:
    """One exam with a volume of slices that are large enough for letters, and its patient."""

    services: Services
    app: Flask
    client: FlaskClient
    exam_id: str


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    built = services(tmp_path_factory.mktemp("house"))
    app = application(built)
    client, exam_id = patient(app, built)
    report(built)
    shared = {"StudyInstanceUID": "1.2.3.1", "SeriesInstanceUID": "1.2.3.1.1"}
    files = [
        part10(
            ct_slice(
                256,
                SOPInstanceUID=f"1.2.3.1.1.{n}",
                InstanceNumber=n,
                ImagePositionPatient=[0, 0, 5 * n],
                **shared,
            )
        )
        for n in range(1, 6)
    ]
    built.ingest.ingest.receive([IncomingObject(io.BytesIO(file)) for file in files], DoorName.STOW, "test")
    built.pictures.completion.complete_now("1.2.3.1")
    while built.worker.run_job():
        pass
    sweep(built)
    yield House(built, app, client, exam_id)
    built.pictures.renderer.close()


@pytest.fixture(scope="module")
def visitor(house: House) -> tuple[FlaskClient, str]:
    return guest(house.app, share(house.client, house.exam_id, **EVERYTHING))


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


def fetched(client: FlaskClient, path: str) -> bytes:
    """The answer's body; a download gives its place back."""
    with client.get(path) as answer:
        assert answer.status_code == 200, path
        return answer.data


def all_pictures(client: FlaskClient, base: str) -> list[bytes]:
    """From every address that shows any."""
    singles = ("/frames/1.jpg", "/frames/1.jpg?size=256", "/frames/2.png", "/frames/3.jpg?wc=40&ww=400&size=128")
    singles += ("/mpr/axial/3.jpg", "/mpr/axial/oblique.jpg?turn=0.8,0,0,0.6&mm=0")
    found = [fetched(client, f"{base}/series/1{tail}") for tail in singles]
    found += batch(fetched(client, f"{base}/series/1/frames.batch?from=1&count=3&size=256"))
    found += zipped(fetched(client, f"{base}/images.zip"))
    return found + inlined(fetched(client, f"{base}/viewer").decode())


def test_every_picture_of_a_share_bears_who_and_when(house: House, visitor: tuple[FlaskClient, str]) -> None:
    plain = all_pictures(house.client, f"/exams/{house.exam_id}")
    shown = all_pictures(*visitor)
    assert len(plain) == len(shown) > 10
    assert [is_marked(one, other) for one, other in zip(shown, plain, strict=True)] == [True] * len(plain)
    assert [pixels(one).shape for one in shown] == [pixels(one).shape for one in plain]


def test_two_openings_bear_different_marks(house: House, visitor: tuple[FlaskClient, str]) -> None:
    other, base = guest(house.app, share(house.client, house.exam_id, **EVERYTHING))
    one = visitor[0].get(f"{visitor[1]}/series/1/frames/1.jpg").data
    assert not np.array_equal(pixels(one), pixels(other.get(f"{base}/series/1/frames/1.jpg").data))


def test_a_doctors_pc_sees_pictures_as_they_are(house: House) -> None:
    pc, base = doctor(house.app, house.client, house.exam_id)
    assert all_pictures(pc, base) == all_pictures(house.client, f"/exams/{house.exam_id}")
    assert fetched(pc, f"{base}/dicom.zip").startswith(b"PK")


def test_a_guest_has_every_address_of_pictures_that_a_patient_has(house: House) -> None:
    rules = {rule.rule for rule in house.app.url_map.iter_rules()}
    of_patients = {
        rule.rule for rule in house.app.url_map.iter_rules() if rule.endpoint.startswith(f"{blueprint.name}.")
    }
    assert of_patients
    assert {rule.replace("/exams/", "/guest/") for rule in of_patients} <= rules


def test_a_kind_of_answer_that_cannot_be_marked_is_not_shown_by_a_share(
    house: House, visitor: tuple[FlaskClient, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    app: Flask = house.app
    for kind in ("video/mp4", "application/octet-stream", "application/pdf", "image/tiff", "text/html"):
        monkeypatch.setitem(
            app.view_functions, "guest_images.manifest", lambda exam_id, kind=kind: Response(b"x", mimetype=kind)
        )
        assert visitor[0].get(f"{visitor[1]}/manifest.json").status_code == 404
        pc, base = doctor(app, house.client, house.exam_id)
        assert pc.get(f"{base}/manifest.json").status_code == 200


def test_values_in_full_depth_bear_no_mark_so_a_share_has_none_and_a_doctors_pc_has_them(
    house: House, visitor: tuple[FlaskClient, str]
) -> None:
    tail = "series/1/frames/1/values.bin"
    assert visitor[0].get(f"{visitor[1]}/{tail}").status_code == 404
    pc, base = doctor(house.app, house.client, house.exam_id)
    assert fetched(pc, f"{base}/{tail}") == fetched(house.client, f"/exams/{house.exam_id}/{tail}")


def test_a_download_of_a_share_is_cut_off_when_it_is_revoked(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cut_off, "EVERY_S", 3600)
    monkeypatch.setattr(cut_off, "PIECE", 32)
    given = share(house.client, house.exam_id, **EVERYTHING)
    client, base = guest(house.app, given)
    answer = client.get(f"{base}/dicom.zip", buffered=False)
    assert answer.status_code == 200
    pieces = iter(answer.response)
    next(pieces)
    revoke(house.client, house.exam_id, given)
    house.app.extensions["cloudfilm.under-way"].look()
    with pytest.raises(ConnectionResetError):
        b"".join(pieces)
    answer.close()
