"""A page of another site makes a visitor's browser send what it likes: nothing of it is done."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.bootstrap import Services
from app.models import AccessAttempts, AuditEvent, Job, PatientSession
from tests.factories.access import Issued, application, issued, opened
from tests.factories.house import services
from tests.factories.staff import Console, account, code

OURS = "http://localhost"
FOREIGN = (
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://localhost:81"},
    {"Origin": "https://localhost"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://localhost@evil.example"},
    {"Origin": f"{OURS}, https://evil.example"},
    {"Origin": "http://[::1"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": OURS},
    {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
)
OWN = (
    {},
    {"Origin": OURS},
    {"Origin": "http://127.0.0.1:8000"},
    {"Origin": OURS, "Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none"},
)


def rows(house: Services) -> list[int]:
    with house.db.read() as session:
        return [session.query(kind).count() for kind in (AccessAttempts, AuditEvent, Job, PatientSession)]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_forms_of_the_ways_in_are_refused_and_change_neither_row_nor_cookie(
    house: Services, app: Flask, exam: Issued, headers: dict[str, str]
) -> None:
    client = opened(app, exam)
    before = rows(house)
    typed = {"phone": exam.phone, "pickup_code": exam.pickup}
    for address, form in (
        (f"/q/{exam.qr}", {"factor": exam.factor}),
        (f"/q/{exam.qr}", {"action": "send_code"}),
        (f"/q/{exam.qr}", {"one_time_code": "000000"}),
        (f"/s/{exam.pickup}", typed | {"factor": exam.factor}),
        ("/s", typed | {"factor": exam.factor}),
    ):
        answer = client.post(address, data=form, headers=headers)
        assert answer.status_code == 403
        assert "不能打开" in answer.text
        assert "Set-Cookie" not in answer.headers
    assert rows(house) == before


@pytest.mark.parametrize("headers", OWN, ids=str)
def test_our_own_forms_and_old_browsers_are_served(app: Flask, exam: Issued, headers: dict[str, str]) -> None:
    answer = app.test_client().post(f"/q/{exam.qr}", data={"factor": exam.factor}, headers=headers)
    assert answer.status_code == 303


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_a_session_is_not_ended(house: Services, app: Flask, exam: Issued, headers: dict[str, str]) -> None:
    client = opened(app, exam)
    token = csrf(client, exam)
    leave = f"/exams/{exam.exam_id}/leave"
    assert client.post(leave, data={"csrf_token": token}, headers=headers).status_code == 403
    assert client.get(f"/exams/{exam.exam_id}").status_code == 200
    assert client.post(leave, data={"csrf_token": token}).status_code == 200


def csrf(client: FlaskClient, exam: Issued) -> str:
    return client.get(f"/exams/{exam.exam_id}").text.split('name="csrf_token" value="')[1].split('"')[0]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_the_console_takes_no_form_of_another_site(house: Services, app: Flask, headers: dict[str, str]) -> None:
    who, browser = account(house), Console(app, house)
    form = {"csrf_token": browser.token(), "username": who.username, "password": who.password, "totp": code(house, who)}
    before = rows(house)
    assert browser.client.post("/staff/login", data=form, headers=headers).status_code == 403
    assert rows(house) == before
    assert browser.client.post("/staff/login", data=form).status_code == 303


def test_machines_and_carriers_are_no_browsers(app: Flask) -> None:
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    client = app.test_client()
    assert client.post("/dicomweb/studies", headers=foreign).status_code == 401
    assert client.put("/api/v1/exams/A1", headers=foreign).status_code == 401
    secret = app.extensions["cloudfilm"].notifications.sms_hook_secrets["tencent"]
    assert client.post(f"/hooks/sms/tencent?secret={secret}", json=[], headers=foreign).status_code == 200


def test_behind_https_the_address_of_the_settings_is_ours_and_no_other(tmp_path: Path) -> None:
    house = services(tmp_path, base_url="https://film.example.org")
    app, exam = application(house), issued(house)

    def post(origin: str) -> int:
        form, address = {"factor": exam.factor}, f"/q/{exam.qr}"
        headers = {"Origin": origin}
        return app.test_client().post(address, data=form, base_url=house.settings.base_url, headers=headers).status_code

    assert [post(origin) for origin in ("https://film.example.org", "https://film.example.org:443")] == [303, 303]
    assert [post(origin) for origin in ("http://film.example.org", "https://film.example.org:8443")] == [403, 403]
