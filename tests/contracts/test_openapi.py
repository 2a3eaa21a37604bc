"""The OpenAPI document says what is really served, and what it calls valid is taken."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.bootstrap import Services
from app.services.ingest.incoming import IncomingObject
from app.web.machine.ris.openapi import DOCUMENT
from deploy.testbed.ct import ct_file
from tests.factories.access import application
from tests.factories.described import check, faults
from tests.factories.house import exam_body, report_body, services
from tests.factories.report_pdfs import sheet

Call = Callable[[FlaskClient], TestResponse]


@pytest.fixture
def house(tmp_path: Path) -> Services:
    built = services(tmp_path)
    files = (b"no DICOM", ct_file(StudyInstanceUID=STUDY_UID))
    built.ingest.ingest.receive([IncomingObject(io.BytesIO(file)) for file in files], "stow", "test")
    return built


def client_of(house: Services, *scopes: str) -> FlaskClient:
    client = application(house).test_client()
    token = house.machines.tokens.create("-".join(scopes), set(scopes), "test")
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client


def put(path: str, **how: Any) -> Call:
    return lambda client: client.put(f"/api/v1{path}", **how)


def post(path: str, **how: Any) -> Call:
    return lambda client: client.post(f"/api/v1{path}", **how)


def get(path: str) -> Call:
    return lambda client: client.get(f"/api/v1{path}")


JSON = "application/json"
EXAM, REPORT = "/exams/{accession}", "/exams/{accession}/report"
STAMP, PDF = "/exams/{accession}/report-sheet", "application/pdf"
COMPLETE, STUDY_UID = "/studies/{study_uid}/complete", "1.2.826.0.1.3680043.8.498.1"
FILES = ("/exams/{accession}/qr.svg", "/exams/{accession}/qr.png", "/exams/{accession}/report-sheet.pdf")
CASES: list[tuple[str, str, int, Call]] = [
    ("PUT", EXAM, 201, put("/exams/N1", json=exam_body())),
    ("PUT", EXAM, 200, put("/exams/A1", json=exam_body())),
    ("PUT", EXAM, 200, put("/exams/A1", json=exam_body(modality="MR", patient_phone=None))),
    ("PUT", EXAM, 201, put("/exams/N2", json=exam_body(patient_phone="022-23456789"))),
    ("PUT", EXAM, 400, put("/exams/A1", json=exam_body(patient_sex="X"))),
    ("PUT", EXAM, 400, put("/exams/A1", data="{", content_type=JSON)),
    ("PUT", EXAM, 400, put("/exams/a%5Cb", json=exam_body())),
    ("PUT", EXAM, 413, put("/exams/A1", data=" " * 300_000, content_type=JSON)),
    ("PUT", EXAM, 415, put("/exams/A1", data="x", content_type="text/plain")),
    ("PUT", REPORT, 201, put("/exams/A1/report", json=report_body())),
    ("PUT", REPORT, 200, put("/exams/R1/report", json=report_body(status="amended"))),
    ("PUT", REPORT, 404, put("/exams/none/report", json=report_body())),
    ("PUT", REPORT, 409, put("/exams/R1/report", json=report_body(status="preliminary"))),
    ("PUT", REPORT, 400, put("/exams/A1/report", json=report_body(reported_at="yesterday"))),
    ("PUT", REPORT, 413, put("/exams/A1/report", json=report_body(findings="x" * 300_000))),
    ("PUT", REPORT, 415, put("/exams/A1/report", data="x")),
    ("POST", COMPLETE, 204, post(f"/studies/{STUDY_UID}/complete")),
    ("POST", COMPLETE, 404, post("/studies/1.2.3/complete")),
    ("POST", COMPLETE, 400, post("/studies/x/complete")),
    ("POST", STAMP, 200, post("/exams/A1/report-sheet", data=sheet(), content_type=PDF)),
    ("POST", STAMP, 400, post("/exams/A1/report-sheet", data="no PDF", content_type=PDF)),
    ("POST", STAMP, 404, post("/exams/none/report-sheet", data=sheet(), content_type=PDF)),
    ("POST", STAMP, 413, post("/exams/A1/report-sheet", data=bytes(17 << 20), content_type=PDF)),
    ("POST", STAMP, 415, post("/exams/A1/report-sheet", data=sheet())),
    ("GET", "/quarantine", 200, get("/quarantine")),
    ("GET", "/openapi.json", 200, get("/openapi.json")),
    *[("GET", path, 200, get(path.replace("{accession}", "R1"))) for path in FILES],
    *[("GET", path, 404, get(path.replace("{accession}", "none"))) for path in FILES],
]


@pytest.mark.parametrize(("method", "path", "status", "call"), CASES)
def test_every_answer_is_described(house: Services, method: str, path: str, status: int, call: Call) -> None:
    client = client_of(house, "ris", "read", "upload")
    for accession in ("A1", "R1"):
        assert client.put(f"/api/v1/exams/{accession}", json=exam_body()).status_code == 201
    client.put("/api/v1/exams/R1/report", json=report_body())
    answer = call(client)
    assert answer.status_code == status
    check(method, path, answer)


@pytest.mark.parametrize(("method", "path"), sorted({case[:2] for case in CASES} - {("GET", "/openapi.json")}))
def test_without_the_token_or_its_scope_the_described_refusal_comes(house: Services, method: str, path: str) -> None:
    address = "/api/v1" + path.replace("{accession}", "A1").replace("{study_uid}", STUDY_UID)
    other = "ris" if path == COMPLETE else "upload"
    for client, status in ((application(house).test_client(), 401), (client_of(house, other), 403)):
        answer = client.open(address, method=method, json={})
        assert answer.status_code == status
        check(method, path, answer)


def test_every_described_status_was_asked_for() -> None:
    described = {
        (method.upper(), path, int(status))
        for path, item in DOCUMENT["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
        for status in operation["responses"]
        if status not in ("401", "403")
    }
    assert {case[:3] for case in CASES} == described


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"patient_phone": None, "patient_id_number": None},
        {"patient_phone": "+8613900000001"},
        {"patient_phone": ""},
        {"patient_phone": "022-23456789"},
        {"patient_id_number": "120101196001020028"},
        {"patient_id_number": "A123456(7)"},
        {"performed_at": "2026-03-02T08:30Z"},
        {"performed_at": "2026-03-02 08:30:15.5"},
        {"body_part": "", "department": ""},
    ],
)
def test_what_the_document_calls_valid_is_taken(house: Services, changes: dict[str, Any]) -> None:
    body = exam_body(**changes)
    assert faults(DOCUMENT["components"]["schemas"]["Exam"], body) == []
    assert client_of(house, "ris").put("/api/v1/exams/A1", json=body).status_code == 201


@pytest.mark.parametrize(
    "changes",
    [
        {"patient_phone": 13900000001},
        {"patient_sex": "W"},
        {"patient_name": ""},
        {"performed_at": "yesterday"},
        {"performed_at": "0001-01-01T00:00"},
        {"modality": "x" * 17},
        {"more": 1},
    ],
)
def test_what_the_document_calls_invalid_is_refused(house: Services, changes: dict[str, Any]) -> None:
    body = exam_body(**changes)
    assert faults(DOCUMENT["components"]["schemas"]["Exam"], body) != []
    assert client_of(house, "ris").put("/api/v1/exams/A1", json=body).status_code == 400


def test_the_check_of_answers_can_fail() -> None:
    assert faults({"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}}, {"a": True})
    assert faults({"type": ["string", "null"], "pattern": "^a$"}, "b")
    assert faults({"type": "array", "items": {"enum": [1]}}, [2])
    assert faults({"type": "object", "additionalProperties": False}, {"a": 1})
