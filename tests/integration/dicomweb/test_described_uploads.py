"""Uploads as metadata with bulk data apart: a child makes their files, and hostile ones cost the door nothing."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pydicom
import pytest
from flask.testing import FlaskClient
from pydicom.encaps import generate_frames
from pydicom.uid import JPEGLosslessSV1

from app.bootstrap import Services
from app.dicom import from_metadata
from app.errors import RefusedObject
from app.imaging.errors import ChildUnavailable
from app.imaging.header import described_objects
from app.imaging.header.stored_header import StoredAnswer
from app.repos.ingest import quarantine
from deploy.testbed.ct import ct_slice
from tests.factories.door_app import bearer, door_app
from tests.factories.own_header_pool import OwnPool

JSON, XML = "application/dicom+json", "application/dicom+xml"
EDGE = "edge-of-parts"


class Door:
    """A client with tokens to write and to read."""

    def __init__(self, client: FlaskClient, services: Services) -> None:
        self.client, self.services = client, services
        self.token, self.reading = bearer(services, "upload"), bearer(services, "read")

    def send(self, *parts: tuple[str, str, bytes], root: str = JSON) -> Any:
        made = b"".join(
            f"--{EDGE}\r\nContent-Type: {kind}\r\nContent-Location: {place}\r\n\r\n".encode() + data + b"\r\n"
            for kind, place, data in parts
        )
        headers = self.token | {"Content-Type": f'multipart/related; type="{root}"; boundary={EDGE}'}
        return self.client.post("/dicomweb/studies", data=made + f"--{EDGE}--\r\n".encode(), headers=headers)

    def post(self, content_type: str, body: bytes) -> Any:
        return self.client.post("/dicomweb/studies", data=body, headers=self.token | {"Content-Type": content_type})

    def stored(self, answer: Any) -> pydicom.Dataset:
        [item] = answer.json["00081199"]["Value"]
        accept = self.reading | {"Accept": 'application/dicom; transfer-syntax="*"'}
        got = self.client.get(urlsplit(item["00081190"]["Value"][0]).path, headers=accept)
        return pydicom.dcmread(io.BytesIO(got.get_data()))

    def kept(self) -> int:
        with self.services.db.read() as session:
            return len(list(quarantine.all_items(session)))


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    app, services = door_app(tmp_path)
    yield Door(app.test_client(), services)
    services.db.dispose()


@pytest.fixture
def pool(door: Door) -> Iterator[OwnPool]:
    pool = OwnPool(2, 5, 400 << 20)
    object.__setattr__(door.services.ingest.described, "reader", pool)
    yield pool
    pool._children.close()


def model_of(**changes: Any) -> dict[str, Any]:
    dataset = ct_slice(**changes)
    model: dict[str, Any] = json.loads(dataset.to_json())
    model["7FE00010"] = {"vr": "OW", "BulkDataURI": "pixels"}
    return model


def pixels_of(dataset: pydicom.Dataset) -> bytes:
    return bytes(dataset.PixelData)


def test_nothing_of_the_metadata_is_parsed_in_the_doors_process(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    def parsed_here(*_: Any, **__: Any) -> Any:
        raise AssertionError("metadata were parsed here")

    for name in ("models_of", "file_of", "addresses_of", "pixels_of"):
        monkeypatch.setattr(from_metadata, name, parsed_here)
        monkeypatch.setattr(described_objects, name, parsed_here, raising=False)
    answer = door.send(
        (JSON, "", json.dumps([model_of()]).encode()), ("application/octet-stream", "pixels", bytes(128))
    )
    assert answer.status_code == 200, answer.json


def test_values_behind_the_pixels_and_in_sequences_arrive(door: Door) -> None:
    model = model_of(PatientName="Li^Na=李^娜")
    model["00420011"] = {"vr": "OB", "BulkDataURI": "document"}
    model["FFFCFFFC"] = {"vr": "OB", "InlineBinary": "AAAA"}
    model["00081140"] = {"vr": "SQ", "Value": [{"00282000": {"vr": "OB", "BulkDataURI": "profile"}}]}
    pixels = bytes(range(128))
    bulk = {"pixels": pixels, "document": b"%PDF-1.4", "profile": b"profile."}
    parts = [("application/octet-stream", place, data) for place, data in bulk.items()]
    found = door.stored(door.send((JSON, "", json.dumps([model]).encode()), *parts))
    assert pixels_of(found) == pixels
    assert found.EncapsulatedDocument == b"%PDF-1.4"
    assert found.ReferencedImageSequence[0].ICCProfile == b"profile."
    assert found["FFFCFFFC"].value[:3] == bytes(3)
    assert str(found.PatientName) == "Li^Na=李^娜"


@pytest.mark.parametrize("is_list", [True, False], ids=["a list of one", "the object itself"])
def test_metadata_that_need_no_other_part_are_the_whole_body(door: Door, is_list: bool) -> None:
    model = json.loads(ct_slice().to_json())
    answer = door.post(JSON, json.dumps([model] if is_list else model).encode())
    assert pixels_of(door.stored(answer)) == pixels_of(ct_slice())


def test_a_body_of_metadata_without_class_stores_nothing_and_says_why(door: Door) -> None:
    uids = {"0020000D": "1.2.3", "0020000E": "1.2.3.4", "00080018": "1.2.3.4.5"}
    model = {name: {"vr": "UI", "Value": [uid]} for name, uid in uids.items()}
    answer = door.post(JSON, json.dumps(model).encode())
    assert answer.status_code == 409
    assert len(answer.json["0008119A"]["Value"]) == 1
    assert door.post(JSON, b"no metadata").status_code == 400


def test_compressed_pixels_are_one_fragment_as_they_came(door: Door) -> None:
    value = b"\xff\xd8 a stream of odd length "[:-1]
    kind = f'image/jpeg; transfer-syntax="{JPEGLosslessSV1}"'
    found = door.stored(door.send((JSON, "", json.dumps([model_of()]).encode()), (kind, "pixels", value)))
    assert found.file_meta.TransferSyntaxUID == JPEGLosslessSV1
    [frame] = generate_frames(found.PixelData, number_of_frames=1)
    assert frame.rstrip(b"\0") == value.rstrip(b"\0")


@pytest.mark.parametrize("text", [b"[" + b"{}," * 12_000_000 + b"{}]", b"[" + b"[" * 30_000_000])
def test_metadata_that_kill_a_child_are_refused_and_the_door_goes_on(door: Door, pool: OwnPool, text: bytes) -> None:
    assert door.send((JSON, "", text)).status_code == 400
    sound = (JSON, "", json.dumps([model_of()]).encode())
    assert door.send(sound, ("application/octet-stream", "pixels", bytes(128))).status_code == 200


def test_a_short_text_of_very_many_objects_is_400_and_fills_no_quarantine(door: Door) -> None:
    assert door.send((JSON, "", b"[" + b"{}," * 100_000 + b"{}]")).status_code == 400
    assert door.kept() == 0


def test_one_object_that_cannot_be_made_is_kept_and_the_others_are_stored(door: Door) -> None:
    bad = model_of() | {"00280010": {"vr": "US", "Value": ["many"]}}
    document = json.dumps([model_of(), bad, model_of()]).encode()
    answer = door.send((JSON, "", document), ("application/octet-stream", "pixels", bytes(128)))
    assert answer.status_code == 202
    assert len(answer.json["00081199"]["Value"]) == 2
    assert door.kept() == 1


def test_when_no_child_can_start_the_sender_is_told_to_come_again(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: Any) -> Any:
        raise ChildUnavailable("no child process can be started")

    monkeypatch.setattr(door.services.ingest.described.reader, "described", none)
    assert door.send((JSON, "", json.dumps([model_of()]).encode())).status_code == 503


PART = {"objects": [[2, ["pixels"], ["7FE00010", "pixels"]]]}
LIES: list[tuple[Any, Any]] = [
    ({"objects": [[10**9, [], None]]}, {}),
    ({"objects": [[2, [1], None]]}, {}),
    ({"objects": [[-2, [], None]]}, {}),
    ({"objects": 7}, {}),
    ({}, {}),
    (PART, {}),
    (PART, {"before": 10**9, "pixels": ["7FE00010", "OW", False]}),
    (PART, {"before": -1, "pixels": ["7FE00010", "OW", False]}),
    (PART, {"before": 2, "pixels": ["00100010", "OW", False]}),
    (PART, {"before": 2, "pixels": ["7FE00010", "PN", False]}),
    (PART, {"before": 2, "pixels": [1, 2, 3]}),
]


@pytest.mark.parametrize("lie", LIES)
def test_a_child_that_lies_makes_no_object_and_no_server_error(
    door: Door, monkeypatch: pytest.MonkeyPatch, lie: tuple[Any, Any]
) -> None:
    def told(question: bytes, _files: Any) -> StoredAnswer:
        return StoredAnswer(lie[0] if b'"part"' in question else lie[1], b"{}")

    monkeypatch.setattr(door.services.ingest.described.reader, "described", told)
    answer = door.send((JSON, "", b"[{}]"), ("application/octet-stream", "pixels", bytes(128)))
    assert answer.status_code in (400, 409)


def test_a_refusal_of_the_child_keeps_the_metadata(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = door.services.ingest.described.reader
    ask = reader.described

    def refuse(question: bytes, files: Any) -> StoredAnswer:
        if b'"part"' in question:
            return ask(question, files)
        raise RefusedObject("takes_too_long", 0xA700)  # type: ignore[arg-type]

    monkeypatch.setattr(reader, "described", refuse)
    answer = door.send((JSON, "", json.dumps([model_of()]).encode()))
    assert answer.status_code == 409
    assert door.kept() == 1
    assert not list(door.services.settings.spool_dir.iterdir())
