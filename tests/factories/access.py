"""An exam with codes, ready to be opened in tests, and what strangers and owners post to open it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.bootstrap import Services
from app.models import PatientSession
from app.repos.exams import exams as exam_repo
from app.services.session_times import SESSION_LIFETIME
from app.web.machine.ris.bodies import exam_input
from tests.factories.house import exam_body

FACTOR = "0027"
WRONG = {"factor": "9999"}


@dataclass(frozen=True)
class Issued:
    exam_id: str
    qr: str
    pickup: str
    phone: str = "13900000001"
    factor: str = FACTOR


def issued(house: Services, accession: str = "A1", **changes: Any) -> Issued:
    """Register an exam and issue a QR and a pick-up code for it."""
    house.exams.registration.register(accession, exam_input(exam_body(**changes)), "machine:ris")
    with house.db.session() as session:
        exam = exam_repo.exam_by_accession(session, accession)
        assert exam is not None
        qr = house.patient_access.codes.qr_code(session, exam)
        _, pickup = house.patient_access.codes.issue_pickup(session, exam, "+8613900000001")
    return Issued(exam.id.hex, qr, pickup)


def application(house: Services) -> Flask:
    app = create_app(house.settings, house)
    app.testing = True
    return app


def let_in(app: Flask, house: Services, exam_id: uuid.UUID) -> FlaskClient:
    """A client with a session of this exam, however its patient got it."""
    now = house.clock.now()
    row = PatientSession(
        id=uuid.uuid4(), exam_id=exam_id, created_at=now, last_seen_at=now, expires_at=now + SESSION_LIFETIME
    )
    with house.db.session() as session:
        session.add(row)
    client = app.test_client()
    client.set_cookie("cf-patient", house.patient_access.tokens.issue(row.id))
    return client


def opened(app: Flask, exam: Issued) -> FlaskClient:
    """A client that was let in by QR."""
    client = app.test_client()
    answer = client.post(f"/q/{exam.qr}", data={"factor": exam.factor})
    assert answer.status_code == 303
    return client


def under_exams(app: Flask, exam_id: str) -> Iterator[tuple[str, str]]:
    """Method and address of all that there is of an exam."""
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/exams/"):
            known = {**(rule.defaults or {}), "exam_id": exam_id, "fmt": "jpg"}
            values = {name: known.get(name, 1) for name in rule.arguments}
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                with app.test_request_context():
                    yield method, app.url_map.bind("").build(rule.endpoint, values, method=method)


def post(app: Flask, address: str, form: dict[str, str], source: str = "203.0.113.9") -> Any:
    return app.test_client().post(address, data=form, environ_base={"REMOTE_ADDR": source})


def statuses(app: Flask, address: str, form: dict[str, str], times: int, source: str = "203.0.113.9") -> list[int]:
    return [post(app, address, form, source).status_code for _ in range(times)]


def revoke(house: Services, accession: str) -> None:
    with house.db.session() as session:
        row = exam_repo.exam_by_accession(session, accession)
        assert row is not None
        house.patient_access.codes.revoke_all(session, row, "staff:a", "lost")


def pick_up(code: str, phone: str = "13900000001", **more: str) -> dict[str, str]:
    return {"phone": phone, "pickup_code": code, "factor": "9999", **more}
