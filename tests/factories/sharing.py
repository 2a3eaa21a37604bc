"""Patients who share an exam, guests who open it, doctors' PCs: what each posts, and what their pages show."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from app.bootstrap import Services
from tests.factories.access import let_in
from tests.factories.telling import register

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/120"
ALL = {"pictures": "1", "report": "1"}


@dataclass(frozen=True)
class Given:
    """A share as its patient sees it once."""

    path: str
    passcode: str
    id: str


def output(page: str, name: str) -> str:
    """What stands alone in `<output name=…>`."""
    (found,) = re.findall(rf'<output[^>]* name="{name}"[^>]*>([^<]+)</output>', page)
    return str(found).strip()


def form_token(client: FlaskClient, path: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).text)
    assert found, path
    return found[1]


def patient(app: Flask, house: Services, accession: str = "A1", **changes: str | None) -> tuple[FlaskClient, str]:
    """A patient with an exam open; the client and the exam's id."""
    exam_id = register(house, accession, **changes)
    return let_in(app, house, exam_id), exam_id.hex


def share(client: FlaskClient, exam_id: str, **fields: str) -> Given:
    """`fields`: those of the form; without any, pictures and report for seven days."""
    path, before = f"/exams/{exam_id}/shares", listed(client, exam_id)
    answer = client.post(path, data={"csrf_token": form_token(client, path), "days": "7", **(fields or ALL)})
    assert answer.status_code == 200, answer.status_code
    link = output(answer.text, "link")
    (made,) = listed(client, exam_id) - before
    return Given("/g/" + link.rpartition("/g/")[2], output(answer.text, "passcode"), made)


def listed(client: FlaskClient, exam_id: str) -> set[str]:
    """The ids of an exam's shares."""
    told = client.get(f"/exams/{exam_id}/shares", headers={"Accept": "application/json"}).get_json()
    return {share["id"] for share in told["shares"]}


def try_passcode(app: Flask, path: str, passcode: str, source: str = "203.0.113.9") -> Any:
    return app.test_client().post(path, data={"passcode": passcode}, environ_base={"REMOTE_ADDR": source})


def guest(app: Flask, given: Given) -> tuple[FlaskClient, str]:
    """Somebody who opened a share: the client and the address of the exam for it."""
    client = app.test_client()
    answer = client.post(given.path, data={"passcode": given.passcode}, headers={"User-Agent": WINDOWS})
    assert answer.status_code == 303, answer.status_code
    return client, answer.headers["Location"]


def revoke(client: FlaskClient, exam_id: str, given: Given) -> Any:
    token = form_token(client, f"/exams/{exam_id}/shares")
    return client.post(f"/shares/{given.id}/revoke", data={"csrf_token": token})


def digits(client: FlaskClient, exam_id: str) -> str:
    """The six digits that the patient's phone shows."""
    path = f"/exams/{exam_id}/hand-over"
    answer = client.post(path, data={"csrf_token": form_token(client, path)})
    assert answer.status_code == 200
    return output(answer.text, "code")


def helper_code(client: FlaskClient, exam_id: str) -> str:
    """A code for somebody who helps, as its patient sees it once."""
    path = f"/exams/{exam_id}/helper-code"
    answer = client.post(path, data={"csrf_token": form_token(client, path)})
    assert answer.status_code == 200
    return output(answer.text, "helper_code")


def type_digits(client: FlaskClient, code: str, source: str = "203.0.113.9") -> Any:
    return client.post("/d", data={"code": code}, environ_base={"REMOTE_ADDR": source}, headers={"User-Agent": WINDOWS})


def tap(client: FlaskClient, exam_id: str, number: str) -> Any:
    path = f"/exams/{exam_id}/hand-over"
    return client.post(path, data={"csrf_token": form_token(client, path), "number": number})


def waiting_numbers(client: FlaskClient, exam_id: str) -> list[str]:
    return re.findall(r'name="number" value="(\d\d)"', client.get(f"/exams/{exam_id}/hand-over").text)


def doctor(app: Flask, patients_client: FlaskClient, exam_id: str) -> tuple[FlaskClient, str]:
    """A doctor's PC that the patient let in: the client and the address of the exam for it."""
    pc = app.test_client()
    number = output(type_digits(pc, digits(patients_client, exam_id)).text, "number")
    assert tap(patients_client, exam_id, number).status_code == 303
    answer = pc.get("/d")
    assert answer.status_code == 303
    return pc, answer.headers["Location"]


def session_id_of(path: str) -> uuid.UUID:
    return uuid.UUID(hex=path.rpartition("/")[2])
