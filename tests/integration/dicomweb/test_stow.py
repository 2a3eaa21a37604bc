"""STOW-RS through the whole application: real bodies in, PS3.18 answers out, the archive's content checked."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pydicom
import pytest
from flask.testing import FlaskClient

from app.bootstrap import Services
from app.dicom.native_xml import from_xml, to_xml
from app.repos.ingest import quarantine, studies
from app.services.ingest.incoming import OVERSIZED
from app.web.machine.dicomweb import single_body, stow
from app.web.machine.dicomweb.multipart_related import Limits
from deploy.testbed.ct import ct_file, ct_series, ct_slice
from deploy.testbed.multipart import STOW_TYPE, body
from tests.factories.door_app import bearer, door_app
from tests.shared_data import needs


class Upload:
    """A client with a token, and what it uploaded."""

    def __init__(self, client: FlaskClient, services: Services) -> None:
        self.client = client
        self.services = services
        self.token = bearer(services, "upload")

    def __call__(self, data: bytes, path: str = "/dicomweb/studies", **headers: str):  # type: ignore[no-untyped-def]
        sent = {"Content-Type": STOW_TYPE, **self.token, **{k.replace("_", "-"): v for k, v in headers.items()}}
        return self.client.post(path, data=data, headers=sent)

    def stored(self) -> set[str]:
        with self.services.db.read() as session:
            return {instance.sop_instance_uid for instance, _ in studies.sealed_instances(session)}

    def quarantine_reasons(self) -> list[str]:
        with self.services.db.read() as session:
            return sorted(item.reason for item in quarantine.all_items(session))


@pytest.fixture
def upload(tmp_path: Path) -> Iterator[Upload]:
    app, services = door_app(tmp_path)
    yield Upload(app.test_client(), services)
    services.db.dispose()


def uids(answer: dict, tag: str) -> list[str]:  # type: ignore[type-arg]
    return [item["00081155"]["Value"][0] for item in answer.get(tag, {}).get("Value", [])]


def test_one_object_also_comes_alone(upload: Upload) -> None:
    answer = upload(ct_file(), Content_Type="application/dicom")
    assert (answer.status_code, len(upload.stored())) == (200, 1)
    assert set(uids(answer.json, "00081199")) == upload.stored()
    assert upload(b"", Content_Type="application/dicom").status_code == 400
    assert upload(b"no DICOM", Content_Type="application/dicom").status_code == 409


def test_a_single_object_beyond_the_limit_is_refused(upload: Upload, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stow, "_limits", lambda: Limits(part_bytes=1000))
    assert upload(ct_file(), Content_Type="application/dicom").status_code == 409
    assert not upload.stored()


@pytest.mark.parametrize(
    "before", [b"\r\n", b"This is a message in MIME format.\r\n", b"x" * 60_000 + b"\r\n", b"--\r\n"]
)
def test_a_preamble_is_skipped(upload: Upload, before: bytes) -> None:
    assert upload(before + body(ct_series(3))).status_code == 200
    assert len(upload.stored()) == 3


def test_an_endless_preamble_is_refused(upload: Upload) -> None:
    assert upload(b"x" * 2_000_000 + b"\r\n" + body([ct_file()])).status_code == 400
    assert not upload.stored()


def test_an_upload_may_come_in_gzip(upload: Upload) -> None:
    files = ct_series(40)
    assert upload(gzip.compress(body(files)), Content_Encoding="gzip").status_code == 200
    assert len(upload.stored()) == 40
    assert upload(body(files), Content_Encoding="gzip").status_code == 400
    assert upload(gzip.compress(body(files))[:-4000], Content_Encoding="gzip").status_code in (202, 400)
    assert upload(b"x", Content_Encoding="br").status_code == 415


def test_a_body_that_inflates_to_too_much_is_refused(upload: Upload, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(single_body, "MOST_INFLATED", 1_000_000)
    bomb = gzip.compress(body([ct_file() + bytes(5_000_000)]))
    assert len(bomb) < 50_000
    assert upload(bomb, Content_Encoding="gzip").status_code == 400
    assert not upload.stored()


def test_the_answer_also_comes_in_xml(upload: Upload) -> None:
    for accept in ("application/dicom+xml", 'multipart/related; type="application/dicom+xml"'):
        answer = upload(body([ct_file()]), Accept=accept)
        assert answer.content_type == "application/dicom+xml"
        model = from_xml(answer.get_data())
        assert set(uids(model, "00081199")) <= upload.stored()


def test_the_collected_senders_are_answered_as_they_ask(upload: Upload) -> None:
    folder = needs("cases-a") / "stow-accept"
    file = (folder / "plain.dcm").read_bytes()
    cases = json.loads((folder / "requests.json").read_text())["cases"]
    assert len(cases) == 4
    for case in cases:
        answer = upload(body([file]), Accept=case["accept"])
        assert (answer.status_code == 200) == case["stored"]
        is_xml = answer.content_type == "application/dicom+xml"
        assert is_xml == ("xml" in case["accept"])
        model = from_xml(answer.get_data()) if is_xml else answer.json
        assert set(uids(model, "00081199")) == upload.stored()
    assert len(upload.stored()) == 1


def _in_parts(*parts: tuple[str, str, bytes]) -> bytes:
    made = [
        f"--edge-of-parts\r\nContent-Type: {kind}\r\nContent-Location: {place}\r\n\r\n".encode() + data + b"\r\n"
        for kind, place, data in parts
    ]
    return b"".join(made) + b"--edge-of-parts--\r\n"


def _type_of(root: str) -> str:
    return f'multipart/related; type="{root}"; boundary=edge-of-parts'


@pytest.mark.parametrize("kind", ["application/dicom+json", "application/dicom+xml"])
def test_metadata_come_with_their_bulk_data_apart(upload: Upload, kind: str) -> None:
    dataset = ct_slice(PatientName="Li^Na=李^娜")
    pixels, dataset.PixelData = dataset.PixelData, b""
    model = json.loads(dataset.to_json())
    model["7FE00010"] = {"vr": "OW", "BulkDataURI": "pixels/1"}
    document = to_xml(model).encode() if kind.endswith("xml") else json.dumps([model]).encode()
    bulk = ("application/octet-stream", "pixels/1", pixels)
    answer = upload(_in_parts((kind, "", document), bulk), Content_Type=_type_of(kind))
    assert answer.status_code == 200, answer.json
    token = bearer(upload.services, "read") | {"Accept": "application/dicom"}
    url = answer.json["00081199"]["Value"][0]["00081190"]["Value"][0]
    got = upload.client.get(urlsplit(url).path, headers=token)
    found = pydicom.dcmread(io.BytesIO(got.get_data()))
    assert found.PixelData == pixels
    assert found.PatientName == dataset.PatientName
    assert found.WindowWidth == dataset.WindowWidth


def test_metadata_without_their_bulk_data_are_refused_and_kept(upload: Upload) -> None:
    model = json.loads(ct_slice().to_json()) | {"7FE00010": {"vr": "OW", "BulkDataURI": "file:///etc/passwd"}}
    kind = "application/dicom+json"
    answer = upload(_in_parts((kind, "", json.dumps([model]).encode())), Content_Type=_type_of(kind))
    assert answer.status_code == 409
    assert len(upload.quarantine_reasons()) == 1
    assert not upload.stored()


@pytest.mark.parametrize(
    "document", [b"", b"no JSON", b"[1]", b'[{"00080018": 1}]', b"[" * 100_000, b'[{"7FE00010": null}]']
)
def test_metadata_that_are_none_are_400(upload: Upload, document: bytes) -> None:
    kind = "application/dicom+json"
    assert upload(_in_parts((kind, "", document)), Content_Type=_type_of(kind)).status_code == 400


def test_metadata_and_bulk_data_are_bounded(upload: Upload, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stow, "_limits", lambda: Limits(part_bytes=1000))
    kind = "application/dicom+json"
    parts = [("application/octet-stream", f"bulk/{number}", bytes(400)) for number in range(3)]
    assert upload(_in_parts((kind, "", b"[{}]"), *parts), Content_Type=_type_of(kind)).status_code == 400


def test_a_whole_series_is_stored_and_referenced(upload: Upload) -> None:
    answer = upload(body(ct_series(70)))
    assert answer.status_code == 200
    assert answer.content_type == "application/dicom+json"
    assert set(uids(answer.json, "00081199")) == upload.stored()
    assert len(upload.stored()) == 70
    item = answer.json["00081199"]["Value"][0]
    assert "/series/" in item["00081190"]["Value"][0]
    assert "00081198" not in answer.json


def test_the_same_upload_again_is_answered_alike_and_stores_nothing(upload: Upload) -> None:
    data = body(ct_series(3))
    first = upload(data)
    assert upload(data).json == first.json
    assert len(upload.stored()) == 3


def test_other_content_under_a_known_uid_is_refused_with_0110(upload: Upload) -> None:
    uid, study, series = "1.2.3.4", "1.2.3", "1.2.3.1"
    same = {"SOPInstanceUID": uid, "StudyInstanceUID": study, "SeriesInstanceUID": series}
    assert upload(body([ct_file(**same)])).status_code == 200
    forged = ct_file(**same, PixelData=b"\x07" * 128)
    refused = upload(body([forged]))
    assert refused.status_code == 409
    failed = refused.json["00081198"]["Value"][0]
    assert failed["00081155"]["Value"] == [uid]
    assert failed["00081197"]["Value"] == [0x0110]
    mixed = upload(body([forged, ct_file(StudyInstanceUID=study, SeriesInstanceUID=series)]))
    assert mixed.status_code == 202
    assert uids(mixed.json, "00081198") == [uid]
    assert len(uids(mixed.json, "00081199")) == 1


def test_an_instance_of_another_study_than_the_addressed_one_is_refused(upload: Upload) -> None:
    answer = upload(
        body([ct_file(StudyInstanceUID="1.2.3"), ct_file(StudyInstanceUID="1.2.9")]), "/dicomweb/studies/1.2.3"
    )
    assert answer.status_code == 202
    assert answer.json["00081198"]["Value"][0]["00081197"]["Value"] == [0xA900]
    assert answer.json["00081190"]["Value"][0].endswith("/dicomweb/studies/1.2.3")
    assert len(upload.stored()) == 1
    assert upload(body([ct_file()]), "/dicomweb/studies/1.2.x").status_code == 400


def test_what_is_no_dicom_goes_to_other_failures_and_quarantine(upload: Upload) -> None:
    answer = upload(body([b"not DICOM at all"]))
    assert answer.status_code == 409
    assert answer.json["0008119A"]["Value"] == [{"00081197": {"vr": "US", "Value": [0xC000]}}]
    assert upload.quarantine_reasons() == ["not_part10"]


def test_a_part_of_another_type_is_refused_alone(upload: Upload) -> None:
    data = body([ct_file()], part_type="image/png").removesuffix(b"--edge-of-parts--\r\n") + body([ct_file()])
    answer = upload(data)
    assert answer.status_code == 202
    assert len(upload.stored()) == 1


def test_an_oversized_part_is_refused_and_only_its_start_kept(tmp_path: Path) -> None:
    app, services = door_app(tmp_path, max_instance_mib="1")
    upload = Upload(app.test_client(), services)
    answer = upload(body([ct_file(), ct_file(PixelData=b"\x00" * (2 * 1024 * 1024))]))
    services.db.dispose()
    assert answer.status_code == 202
    assert answer.json["0008119A"]["Value"][0]["00081197"]["Value"] == [0xA700]
    assert upload.quarantine_reasons() == [OVERSIZED.reason]


def test_a_broken_body_is_400_and_what_came_whole_stays_stored(upload: Upload) -> None:
    answer = upload(body(ct_series(40))[:-200])
    assert answer.status_code == 400
    assert len(upload.stored()) == 39
    assert upload(body(ct_series(1))).status_code == 200


@pytest.mark.parametrize("data", [b"", b"junk", b"--edge-of-parts--", b"--edge-of-parts\r\n\r\n", b"\r\n" * 500])
def test_malformed_bodies_are_400(upload: Upload, data: bytes) -> None:
    assert upload(data).status_code == 400


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "multipart/form-data; boundary=edge-of-parts",
        'multipart/related; type="application/pdf"; boundary=edge-of-parts',
        "",
    ],
)
def test_other_body_types_are_415(upload: Upload, content_type: str) -> None:
    assert upload(body([ct_file()]), Content_Type=content_type).status_code == 415


def test_a_body_type_without_a_boundary_is_400(upload: Upload) -> None:
    assert upload(body([ct_file()]), Content_Type='multipart/related; type="application/dicom"').status_code == 400


def test_an_answer_type_not_served_is_406_and_nothing_is_stored(upload: Upload) -> None:
    assert upload(body([ct_file()]), Accept="text/csv").status_code == 406
    assert upload.stored() == set()
    assert upload(body([ct_file()]), Accept="application/json").content_type == "application/json"


def test_only_a_token_with_scope_upload_gets_in(upload: Upload) -> None:
    data = body([ct_file()])
    reader = bearer(upload.services, "read")
    assert upload.client.post("/dicomweb/studies", data=data, content_type=STOW_TYPE).status_code == 401
    assert upload(data, Authorization="Bearer wrong").headers["WWW-Authenticate"] == "Bearer"
    assert upload.client.post("/dicomweb/studies", data=data, content_type=STOW_TYPE, headers=reader).status_code == 403
    assert upload.stored() == set()


def test_a_batch_is_durable_before_the_next_is_read(upload: Upload) -> None:
    """While the body is read, everything but the current batch is already in the database."""
    files, seen = ct_series(100), []

    class Watched(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            seen.append((self.tell(), len(upload.stored())))
            return super().read(size)

    data = body(files)
    answer = upload.client.post(
        "/dicomweb/studies",
        input_stream=Watched(data),
        headers={**upload.token, "Content-Type": STOW_TYPE, "Content-Length": str(len(data))},
    )
    assert answer.status_code == 200
    per_file = len(data) / len(files)
    for position, stored in seen:
        assert stored >= position / per_file - stow.BATCH_PARTS - 1
