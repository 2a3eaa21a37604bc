"""A guardian who was bound to a child sees its exams until the fourteenth birthday, by no way longer, and no other
person's exams through the child's registration."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app import create_app
from app.bootstrap import Services
from app.identity.childhood import grown_at
from app.models import AuditEvent
from tests.factories.house import clock_of, services
from tests.factories.login import ID_NUMBER, NAME, OPENID, answer, ask, bound, enter
from tests.factories.phone_door import digits_on, listed
from tests.factories.sharing import helper_code, share, try_passcode
from tests.factories.telling import mark_prepared, register, states, sweep

CHILD = {"patient_id": "P2", "patient_name": "李小宝", "patient_birth_date": "2012-03-05"}
NUMBER = "120101201203050025"
BIRTHDAY = grown_at("2012-03-05")


@pytest.fixture
def house(tmp_path: Path) -> Services:
    built = services(tmp_path, wechat_notices="simulated")
    register(built)
    return built


@pytest.fixture
def app(house: Services) -> Flask:
    return create_app(house.settings, house)


def until(house: Services, seconds: int) -> None:
    """Move the clock to so many seconds after the child's birthday began."""
    clock_of(house).advance((BIRTHDAY - house.clock.now() + timedelta(seconds=seconds)).total_seconds())


def guardian(app: Flask, house: Services, id_number: str | None = None, **changes: str) -> tuple[FlaskClient, str]:
    """Somebody who is bound, and at the desk also to the child; the child's exam."""
    exam = register(house, "A2", **{**CHILD, **changes}, patient_id_number=id_number)
    client = bound(app, house)
    code = house.desk.exams.let_bind(exam, "监护人办理", "staff:desk")
    assert answer(client, code, "李小宝", id_number or "").status_code == 303
    assert exam.hex in listed(client)
    return client, exam.hex


def ended_by_the_system(house: Services) -> int:
    with house.db.read() as session:
        of_action = AuditEvent.action == "wechat.unbound", AuditEvent.actor == "system"
        return len(session.scalars(select(AuditEvent).where(*of_action)).all())


def test_the_binding_of_a_child_without_number_ends_on_the_birthday_and_the_own_one_stays(
    house: Services, app: Flask
) -> None:
    client, exam = guardian(app, house)
    until(house, -60)
    assert enter(client, house).headers["Location"] == "/exams"
    assert exam in listed(client)
    until(house, 0)
    assert client.get(f"/exams/{exam}").status_code == 404, "a session that is open ends then, too"
    assert exam not in listed(client)
    assert enter(client, house).headers["Location"] == "/exams"
    assert len(listed(client)) == 1
    assert ended_by_the_system(house) == 1


def test_the_binding_of_a_child_with_number_ends_too_and_begins_again_with_digits(house: Services, app: Flask) -> None:
    client = app.test_client()
    exam = register(house, "A2", **CHILD, patient_id_number=NUMBER)
    enter(client, house)
    ask(client, "李小宝", NUMBER)
    assert answer(client, digits_on(house)[-1], "李小宝", NUMBER).status_code == 303
    until(house, 0)
    assert client.get("/exams").status_code == 404
    assert enter(client, house).headers["Location"] == "/bind"
    alone = client.post("/bind", data={"action": "send_code"})
    assert alone.status_code == 200
    assert len(digits_on(house)) == 1, "the openid is bound to nobody any more, so there is nobody to ask"
    clock_of(house).advance(61)
    ask(client, "李小宝", NUMBER)
    assert answer(client, digits_on(house)[-1], "李小宝", NUMBER).status_code == 303
    assert listed(client) == [exam.hex]
    clock_of(house).advance(400 * 86_400)
    assert enter(client, house).headers["Location"] == "/exams", "this one began after the childhood"


def test_digits_that_were_asked_for_before_the_birthday_bind_for_the_time_after_it(house: Services, app: Flask) -> None:
    client = app.test_client()
    register(house, "A2", **CHILD, patient_id_number=NUMBER)
    until(house, -120)
    enter(client, house)
    ask(client, "李小宝", NUMBER)
    digits = digits_on(house)[-1]
    until(house, 60)
    assert answer(client, digits, "李小宝", NUMBER).status_code == 303
    assert len(listed(client)) == 1


def test_news_of_a_grown_child_does_not_go_to_the_guardians_wechat(house: Services, app: Flask) -> None:
    _, exam = guardian(app, house)
    assert house.simulation.wechat is not None
    house.simulation.wechat.follow(OPENID)
    until(house, 0)
    mark_prepared(house, "A2", PatientID="P2", PatientName="李小宝", PatientBirthDate="20120305")
    sweep(house)
    told = register(house, "A2", **CHILD, patient_id_number=None)
    assert {channel for _, channel, _ in states(house, told)} == {"sms"}
    assert told.hex == exam


def test_a_corrected_birth_date_counts(house: Services, app: Flask) -> None:
    client, exam = guardian(app, house, NUMBER, patient_birth_date="2019-03-05")
    clock_of(house).advance(60)
    register(house, "A2", **{**CHILD, "patient_birth_date": "2012-03-03"}, patient_id_number=NUMBER)
    enter(client, house)
    assert client.get(f"/exams/{exam}").status_code == 200
    clock_of(house).advance(86_400)
    enter(client, house)
    assert client.get(f"/exams/{exam}").status_code == 404


def test_what_a_guardian_gave_of_the_childs_exams_ends_on_the_birthday(house: Services, app: Flask) -> None:
    client, exam = guardian(app, house)
    given = share(client, exam)
    helper = app.test_client()
    code = helper_code(client, exam)
    assert helper.post("/h", data={"helper_code": code}).status_code == 303
    assert try_passcode(app, given.path, given.passcode).status_code == 303
    until(house, -1)
    assert helper.get(f"/exams/{exam}").status_code == 200
    until(house, 0)
    assert helper.get(f"/exams/{exam}").status_code == 404
    assert try_passcode(app, given.path, given.passcode).status_code == 403


def test_a_registration_that_became_another_persons_is_not_the_childs_any_more(house: Services, app: Flask) -> None:
    client, exam = guardian(app, house)
    register(house, "A2", **{**CHILD, "patient_name": "王小明"}, patient_id_number=None)
    enter(client, house)
    assert client.get(f"/exams/{exam}").status_code == 404
    assert exam not in listed(client)


def test_another_person_with_the_same_openid_opens_no_child_in_a_browser_that_does_not_know_it(
    house: Services, app: Flask
) -> None:
    """WeChat has given the openid of one user to another."""
    client, exam = guardian(app, house)
    number = "120101197001020021"
    other = {"patient_id": "P9", "patient_name": "王芳", "patient_id_number": number, "patient_phone": "13900000088"}
    register(house, "A9", **other)
    stranger = app.test_client()
    enter(stranger, house)
    clock_of(house).advance(61)
    ask(stranger, "王芳", number)
    assert answer(stranger, digits_on(house, "13900000088")[-1], "王芳", number).status_code == 303
    assert len(listed(stranger)) == 1
    assert stranger.get(f"/exams/{exam}").status_code == 404
    assert enter(stranger, house).headers["Location"] == "/exams"
    assert stranger.get(f"/exams/{exam}").status_code == 404
    assert exam in listed(client), "where the guardian was proved it stays"


def test_the_owner_on_a_new_phone_has_the_child_again(house: Services, app: Flask) -> None:
    _, exam = guardian(app, house)
    clock_of(house).advance(61)
    phone = app.test_client()
    enter(phone, house)
    ask(phone, NAME, ID_NUMBER)
    assert answer(phone, digits_on(house)[-1]).status_code == 303
    assert exam in listed(phone)
