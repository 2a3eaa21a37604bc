"""The RIS' JSON door: PUT exams and reports, fetch QR and sheet."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from pydicom import Dataset
from sqlalchemy import select

from app.bootstrap import Services
from app.errors import NotFound
from app.models import StudyOrder
from app.models.states import MatchState
from app.services.ingest.incoming import IncomingObject
from app.web.machine.ris.openapi import DOCUMENT
from deploy.testbed.ct import ct_file
from tests.factories.access import application
from tests.factories.house import exam_body, report_body

Put = Callable[..., Any]


@pytest.fixture
def client(house: Services) -> FlaskClient:
    client = application(house).test_client()
    token = house.machines.tokens.create("ris", {"ris", "read"}, "test")
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client


def test_an_exam_is_registered_then_known_then_corrected(client: FlaskClient, house: Services) -> None:
    assert client.put("/api/v1/exams/A1", json=exam_body()).status_code == 201
    assert client.put("/api/v1/exams/A1", json=exam_body()).status_code == 200
    assert client.put("/api/v1/exams/A1", json=exam_body(department="心内科")).status_code == 200
    view = house.exams.views.by_accession("A1")
    assert (view.department, view.patient.name, view.patient.phone) == ("心内科", "李娜", "+8613900000001")


def test_every_faulty_field_is_named_and_no_value_quoted(client: FlaskClient) -> None:
    body = exam_body(patient_name="", patient_phone="12345", patient_birth_date="1960-13-01", patient_sex="X", extra=1)
    body.pop("modality")
    answer = client.put("/api/v1/exams/A1", json=body)
    assert answer.status_code == 400
    detail = answer.json["detail"]
    for field in ("patient.name", "patient.birth_date", "patient.sex", "modality", "extra"):
        assert field in detail
    for value in ("12345", "1960-13-01"):
        assert value not in detail


def test_a_body_that_does_not_say_how_large_it_is_is_not_cut_in_silence(client: FlaskClient) -> None:
    answer = client.put(
        "/api/v1/exams/A1",
        input_stream=io.BytesIO(b"{}" + b" " * 300_000),
        content_type="application/json",
        headers={"Transfer-Encoding": "chunked"},
    )
    assert answer.status_code == 411


NESTED = b'{"patient":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b"NaN",
        b"[" * 100_000,
        NESTED,
        b'{"patient":' + b"9" * 5000 + b"}",
        b"\xff\xfe",
        b"\xd5",
    ],
)
def test_what_is_no_json_object_is_a_clear_error(client: FlaskClient, body: bytes) -> None:
    answer = client.put("/api/v1/exams/A1", data=body, content_type="application/json")
    assert answer.status_code == 400


def test_a_field_given_twice_is_refused_and_not_guessed(client: FlaskClient, house: Services) -> None:
    once = json.dumps(exam_body())
    for twice in (once[:-1] + ', "modality": "MR"}', once.replace('"sex": "F"', '"sex": "M", "sex": "F"')):
        answer = client.put("/api/v1/exams/A1", data=twice, content_type="application/json")
        assert answer.status_code == 400
        assert "twice" in answer.json["detail"]
    with pytest.raises(NotFound):
        house.exams.views.by_accession("A1")


def test_another_type_and_an_oversize_body_are_refused(client: FlaskClient) -> None:
    assert client.put("/api/v1/exams/A1", data="x").status_code == 415
    big = exam_body(department="x" * 300_000)
    assert client.put("/api/v1/exams/A1", json=big).status_code == 413
    assert client.put("/api/v1/exams/" + "A" * 65, json=exam_body()).status_code == 400


def test_tokens_and_scopes_are_asked_for(house: Services) -> None:
    client = application(house).test_client()
    answer = client.put("/api/v1/exams/A1", json=exam_body())
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    reader = house.machines.tokens.create("viewer", {"read"}, "test")
    headers = {"Authorization": f"Bearer {reader}"}
    assert client.put("/api/v1/exams/A1", json=exam_body(), headers=headers).status_code == 403
    assert client.get("/api/v1/quarantine", headers=headers).json == []


def test_report_versions_are_added_and_never_overwritten(client: FlaskClient, house: Services) -> None:
    assert client.put("/api/v1/exams/A1/report", json=report_body()).status_code == 404
    client.put("/api/v1/exams/A1", json=exam_body())
    assert client.put("/api/v1/exams/A1/report", json=report_body(status="preliminary")).status_code == 201
    assert house.exams.views.by_accession("A1").report is None
    assert client.put("/api/v1/exams/A1/report", json=report_body()).status_code == 200
    assert client.put("/api/v1/exams/A1/report", json=report_body()).status_code == 200
    assert client.put("/api/v1/exams/A1/report", json=report_body(findings="x")).status_code == 409
    assert client.put("/api/v1/exams/A1/report", json=report_body(status="amended", findings="新")).status_code == 200
    assert client.put("/api/v1/exams/A1/report", json=report_body(status="amended", findings="新")).status_code == 200
    for late in ("preliminary", "final"):
        assert client.put("/api/v1/exams/A1/report", json=report_body(status=late)).status_code == 409
    view = house.exams.views.by_accession("A1")
    assert view.report is not None
    assert (view.report.version, view.report.findings) == (3, "新")
    assert [version.status for version in house.exams.reports.versions(view.id)] == ["preliminary", "final", "amended"]


def test_the_openapi_document_describes_exactly_the_routes(client: FlaskClient) -> None:
    rules = {
        (re.sub(r"<(\w+)>", r"{\1}", rule.rule.removeprefix("/api/v1")), method.lower())
        for rule in client.application.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    described = {
        (path, method)
        for path, item in DOCUMENT["paths"].items()
        for method in item
        if method in ("get", "put", "post")
    }
    assert rules == described
    assert client.get("/api/v1/openapi.json").json["openapi"] == "3.1.0"


def test_every_reference_of_the_openapi_document_resolves() -> None:
    text = repr(DOCUMENT)
    names = set(re.findall(r"#/components/schemas/(\w+)", text))
    assert names <= set(DOCUMENT["components"]["schemas"])
    assert len(names) >= 4


@pytest.mark.parametrize(("address", "accession"), [("CT%202026%2B1%23a", "CT 2026+1#a"), ("CT+1", "CT+1")])
def test_an_accession_number_with_space_plus_and_hash_is_one_at_every_address(
    client: FlaskClient, house: Services, address: str, accession: str
) -> None:
    assert client.put(f"/api/v1/exams/{address}", json=exam_body()).status_code == 201
    assert client.put(f"/api/v1/exams/{address}/report", json=report_body()).status_code == 201
    assert house.exams.views.by_accession(accession).accession_number == accession
    for file in ("qr.svg", "qr.png", "report-sheet.pdf"):
        assert client.get(f"/api/v1/exams/{address}/{file}").status_code == 200
    house.ingest.ingest.receive([IncomingObject(io.BytesIO(ct_file(AccessionNumber=accession)))], "stow", "test")
    with house.db.read() as session:
        [order] = session.scalars(select(StudyOrder)).all()
        assert order.match_state == MatchState.MATCHED, (order.match_reason, order.match_detail)


@pytest.mark.parametrize("written", ["ct-2026+a", "CT-2026+A", "Ct-2026+a ", " ct-2026+A"])
@pytest.mark.parametrize("study_first", [True, False])
def test_letters_of_an_accession_number_may_be_of_any_case(
    client: FlaskClient, house: Services, written: str, study_first: bool
) -> None:
    """The device writes capitals, or pads; the RIS itself may ask in another case."""
    study = [IncomingObject(io.BytesIO(ct_file(AccessionNumber=written)))]
    if study_first:
        house.ingest.ingest.receive(study, "stow", "test")
    assert client.put("/api/v1/exams/ct-2026%2BA", json=exam_body()).status_code == 201
    if not study_first:
        house.ingest.ingest.receive(study, "stow", "test")
    address = written.replace("+", "%2B").replace(" ", "%20")
    assert client.put(f"/api/v1/exams/{address}", json=exam_body()).status_code == 200
    assert client.get(f"/api/v1/exams/{address}/qr.svg").status_code == 200
    assert house.exams.views.by_accession(written).accession_number == "ct-2026+A"
    with house.db.read() as session:
        assert session.scalars(select(StudyOrder.match_state)).all() == [MatchState.MATCHED]
    assert len(house.desk.exam_search.find(written, "staff:a").rows) == 1


def test_another_patients_study_in_another_case_holds_the_exam(client: FlaskClient, house: Services) -> None:
    client.put("/api/v1/exams/a1", json=exam_body())
    house.ingest.ingest.receive(
        [IncomingObject(io.BytesIO(ct_file(AccessionNumber="A1", PatientSex="M")))], "stow", "test"
    )
    assert house.exams.views.by_accession("a1").held


@pytest.mark.parametrize(
    ("numbers", "states"),
    [
        (["A1"], ["matched"]),
        (["A1", "A1"], ["matched"]),
        (["a1", "A1"], ["matched"]),
        (["A1", "A2"], ["matched", "unmatched"]),
        ([], ["unmatched"]),
    ],
)
def test_an_accession_number_only_in_the_request_is_the_studys(
    client: FlaskClient, house: Services, numbers: list[str], states: list[str]
) -> None:
    client.put("/api/v1/exams/A1", json=exam_body())
    requests = [Dataset() for _ in numbers]
    for request, number in zip(requests, numbers, strict=True):
        request.AccessionNumber = number
    file = ct_file(AccessionNumber="", RequestAttributesSequence=requests)
    house.ingest.ingest.receive([IncomingObject(io.BytesIO(file))], "stow", "test")
    with house.db.read() as session:
        assert session.scalars(select(StudyOrder.match_state).order_by(StudyOrder.place)).all() == states
