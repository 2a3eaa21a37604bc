"""Sessions of the phone door and of one exam in one browser, and what a ticket of the phone door begins."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.bootstrap import Services
from app.models import AuditEvent, PatientSession
from app.services.patient_access.sessions import PatientAccess, PatientSessions
from tests.factories.access import Issued, issued, revoke
from tests.factories.phone_door import ask, digits_on, enter, inside, listed
from tests.factories.telling import correct, register

WECHAT = {"User-Agent": "Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0.66"}
STRANGER = {"patient_id": "P9", "patient_name": "赵六", "patient_phone": "13900000077"}


@pytest.fixture
def other(house: Services) -> Issued:
    """An exam of another person, with a code."""
    return issued(house, "B1", **STRANGER)


def opens(client: FlaskClient, exam: Issued) -> None:
    assert client.post(f"/q/{exam.qr}", data={"factor": exam.factor}).status_code == 303


def ticket(client: FlaskClient, exam_id: str) -> str:
    text = client.get(f"/exams/{exam_id}", headers=WECHAT).text
    return text.partition('data-address="')[2].partition('"')[0]


def csrf(text: str) -> str:
    return text.partition('name="csrf_token" value="')[2].partition('"')[0]


def live(house: Services) -> int:
    with house.db.read() as session:
        return sum(row.revoked_at is None for row in session.scalars(select(PatientSession)))


def told(house: Services, action: str) -> list[str]:
    with house.db.read() as session:
        return [row.actor for row in session.scalars(select(AuditEvent).where(AuditEvent.action == action))]


def test_the_list_shows_all_that_this_browser_opened_each_once(house: Services, app: Flask, other: Issued) -> None:
    own = [register(house, "A1").hex, register(house, "A2", performed_at="2026-03-03T08:30:00+08:00").hex]
    client = inside(app, house)
    opens(client, other)
    assert listed(client) == [other.exam_id, *reversed(own)]  # what was opened last comes first
    opens(client, issued(house, "A1"))
    assert sorted(listed(client)) == sorted([other.exam_id, *own])
    assert [client.get(f"/exams/{exam_id}").status_code for exam_id in (*own, other.exam_id)] == [200] * 3


def test_the_phone_door_keeps_what_was_open(house: Services, app: Flask, other: Issued) -> None:
    own, browser = register(house, "A1").hex, app.test_client()
    opens(browser, other)
    ask(browser)
    assert enter(browser, digits_on(house)[-1]).status_code == 303
    assert listed(browser) == [own, other.exam_id]


def test_the_look_at_the_list_is_noted_for_each_session(house: Services, app: Flask, other: Issued) -> None:
    register(house, "A1")
    client = inside(app, house)
    opens(client, other)
    before = len(told(house, "exams.listed"))
    client.get("/exams")
    actors = told(house, "exams.listed")[before:]
    assert len(set(actors)) == len(actors) == 2


def test_leaving_by_the_list_ends_each_session_once(house: Services, app: Flask, other: Issued) -> None:
    own = [register(house, accession).hex for accession in ("A1", "A2")]
    client = inside(app, house)
    opens(client, other)
    page = client.get("/exams").text
    (address,) = re.findall(r'method="post" action="(/exams/[0-9a-f]+/leave)"', page)
    assert client.post(address, data={"csrf_token": csrf(page)}).status_code == 200
    assert live(house) == 0
    ended = told(house, "access.ended")
    assert len(set(ended)) == len(ended) == 2  # the person's session opened two exams
    assert {client.get(f"/exams/{exam_id}").status_code for exam_id in (*own, other.exam_id)} == {404}


def test_the_viewer_leads_back_to_the_phone_door(house: Services, app: Flask) -> None:
    own = register(house, "A1").hex
    assert 'data-door="/p"' in inside(app, house).get(f"/exams/{own}/viewer").text


def test_a_ticket_of_the_phone_door_opens_one_exam(house: Services, app: Flask) -> None:
    first, second = (register(house, accession).hex for accession in ("A1", "A2"))
    browser = app.test_client()
    assert browser.post(ticket(inside(app, house), first)).status_code == 303
    assert [browser.get(f"/exams/{exam_id}").status_code for exam_id in (first, second)] == [200, 404]
    assert listed(browser) == [first]


@pytest.mark.parametrize("change", [{"patient_phone": "13900000002"}, {"patient_id_number": "110105195501010035"}])
def test_a_correction_of_phone_or_id_number_ends_what_a_ticket_began(
    house: Services, app: Flask, change: dict[str, str]
) -> None:
    first, _ = (register(house, accession).hex for accession in ("A1", "A2"))
    browser = app.test_client()
    browser.post(ticket(inside(app, house), first))
    correct(house, "A1", **change)
    assert browser.get(f"/exams/{first}").status_code == 404
    assert browser.get("/exams").status_code == 404


def test_a_revocation_ends_what_a_ticket_of_the_phone_door_began(house: Services, app: Flask) -> None:
    first = issued(house, "A1").exam_id
    browser = app.test_client()
    browser.post(ticket(inside(app, house), first))
    revoke(house, "A1")
    assert browser.get(f"/exams/{first}").status_code == 404
    assert live(house) == 0


@pytest.mark.parametrize("by_phone", [False, True])
def test_a_revocation_between_check_and_beginning_wins(
    house: Services, app: Flask, monkeypatch: pytest.MonkeyPatch, by_phone: bool
) -> None:
    exam = issued(house, "A1")
    client = inside(app, house) if by_phone else app.test_client()
    if not by_phone:
        opens(client, exam)
    given = ticket(client, exam.exam_id)
    check = PatientSessions.check

    def revoke_meanwhile(self: PatientSessions, *ids: object) -> PatientAccess:
        access = check(self, *ids)  # type: ignore[arg-type]
        monkeypatch.undo()
        revoke(house, "A1")
        return access

    monkeypatch.setattr(PatientSessions, "check", revoke_meanwhile)
    assert app.test_client().post(given).status_code == 403
    assert live(house) == 0
