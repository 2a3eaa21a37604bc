"""Attacks on the phone door: each fails, whatever the number, and leaves its line in the audit log."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event, func, select

from app.bootstrap import Services
from app.models import AccessAttempts, AuditEvent, PatientSession
from app.models.states import AttemptScope
from app.services.patient_access.attempts import FOR_LIFE
from app.services.phone_door.door import PHONE_REQUEST
from tests.factories.access import application
from tests.factories.counted_calls import calls
from tests.factories.house import clock_of, services
from tests.factories.live_and_dead import Rig
from tests.factories.paired_times import Prepare
from tests.factories.phone_door import NO_PATIENTS, PHONE, ask, digits_on, enter, inside
from tests.factories.telling import messages, register

FEW = 1 / 200
FORMS = {"ask": {"action": "send_code"}, "wrong digits": {"one_time_code": "123456", "factor": "9999"}}


def failures(house: Services) -> int:
    with house.db.read() as session:
        wanted = select(func.count()).select_from(AuditEvent).where(AuditEvent.action == "access.failed")
        return session.scalar(wanted) or 0


# --- enumeration -----------------------------------------------------------------------------------------------------


def answers(app: Flask, phone: str) -> list[tuple[int, str, list[str]]]:
    """Everything a stranger is told about a number, with the number itself taken out."""
    client, told = app.test_client(), []
    forms: list[dict[str, str]] = [
        {"action": "send_code"},
        {"action": "send_code"},
        {"action": "have_code"},
        *({"one_time_code": "123456", "factor": "0027"} for _ in range(7)),
        {"one_time_code": "", "factor": ""},
    ]
    for form in forms:
        answer = client.post("/p", data={"phone": phone, **form}, environ_base={"REMOTE_ADDR": "203.0.113.9"})
        page = answer.text.replace(phone, "<phone>")
        told.append((answer.status_code, page, [name for name, _ in answer.headers if name != "Set-Cookie"]))
    return told


def test_a_number_of_a_patient_is_answered_byte_by_byte_as_one_of_nobody(house: Services, app: Flask) -> None:
    register(house, "A1")
    register(house, "A2", patient_id="P2", patient_phone="13700000002", patient_id_number=None)
    known, without_id, nobodys = (answers(app, phone) for phone in (PHONE, "13700000002", NO_PATIENTS))
    assert known == without_id == nobodys
    assert {status for status, _, _ in known} == {200, 403, 429}


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path, 6)


def posted(rig: Rig, phone: str, form: dict[str, str]) -> Prepare:
    return rig.ask("/p", {"phone": phone, **form}, rig.source())


@pytest.mark.parametrize("kind", FORMS)
def test_numbers_of_patients_and_of_nobody_take_as_many_calls_and_the_same_statements(rig: Rig, kind: str) -> None:
    executed: list[str] = []
    event.listen(rig.house.db.engine, "before_cursor_execute", lambda *args: executed.append(args[2]))
    shares = []
    for number in range(6):
        phones = (f"139{number:08d}", f"138{number:08d}")
        for phone in phones:  # digits are alive for both
            posted(rig, phone, {"action": "send_code"})()()
        clock_of(rig.house).advance(61)
        found = []
        for phone in phones if number % 2 else phones[::-1]:
            work = posted(rig, phone, FORMS[kind])
            executed.clear()
            found.append((calls(work), Counter(executed)))
        assert found[0][1] == found[1][1]
        shares.append(abs(found[0][0] - found[1][0]) / found[0][0])
    assert max(shares[2:]) < FEW


# --- guessing --------------------------------------------------------------------------------------------------------


def test_after_five_tries_the_right_digits_open_nothing(house: Services, app: Flask) -> None:
    register(house, "A1")
    client = app.test_client()
    ask(client)
    (digits,) = digits_on(house)
    wrong = f"{(int(digits) + 1) % 10**6:06d}"
    assert [enter(client, wrong).status_code for _ in range(5)] == [403] * 5
    assert enter(client, digits).status_code == 403
    assert failures(house) == 6


def test_four_wrong_tries_and_the_right_digits_open(house: Services, app: Flask) -> None:
    register(house, "A1")
    client = app.test_client()
    ask(client)
    (digits,) = digits_on(house)
    for _ in range(4):
        enter(client, "000000" if digits != "000000" else "111111")
    assert enter(client, digits).status_code == 303


def test_one_wrong_digit_empties_no_field(house: Services, app: Flask) -> None:
    register(house, "A1")
    client = app.test_client()
    ask(client)
    page = enter(client, "123456", "12x").text
    for name, value in (("phone", PHONE), ("one_time_code", "123456"), ("factor", "12x")):
        assert re.search(rf'name="{name}"[^>]* value="{value}"', page), name
    odd = client.post("/p", data={"phone": "1390000", "action": "send_code"})
    assert 'value="1390000"' in odd.text


def test_the_last_four_are_guessed_five_times_a_pause_and_ten_times_in_all_even_with_the_phone_in_hand(
    house: Services, app: Flask
) -> None:
    register(house, "A1")
    for _ in range(8):
        client = app.test_client()
        ask(client)
        digits = digits_on(house)[-1]
        for number in range(4):
            enter(client, digits, f"{number:04d}")
        clock_of(house).advance(3 * 3600)
    with house.db.read() as session:
        compared = session.scalars(
            select(AccessAttempts.lifetime).where(AccessAttempts.scope == AttemptScope.PHONE)
        ).one()
    assert compared == FOR_LIFE
    client = app.test_client()
    ask(client)
    assert enter(client, digits_on(house)[-1]).status_code == 403  # the desk opens it from now on


def test_digits_are_worth_nothing_after_ten_minutes_or_a_second_time(house: Services, app: Flask) -> None:
    register(house, "A1")
    late, client = app.test_client(), app.test_client()
    ask(late)
    (digits,) = digits_on(house)
    clock_of(house).advance(601)
    assert enter(late, digits).status_code == 403
    ask(client)
    digits = digits_on(house)[-1]
    door = client.get_cookie("cf-door")
    assert door is not None
    assert enter(client, digits).status_code == 303
    client.set_cookie("cf-door", door.value)
    assert enter(client, digits).status_code == 403


def test_digits_work_in_the_browser_that_asked_for_them_and_for_that_number_alone(house: Services, app: Flask) -> None:
    register(house, "A1")
    register(house, "A2", patient_id="P2", patient_name="王芳", patient_phone="13700000002")
    asked, other = app.test_client(), app.test_client()
    ask(asked)
    (digits,) = digits_on(house)
    ask(other, "13700000002")
    assert enter(other, digits).status_code == 403
    assert enter(app.test_client(), digits).status_code == 403
    assert enter(asked, digits, phone="13700000002").status_code == 403
    assert enter(asked, digits).status_code == 303


def test_a_stranger_in_another_browser_uses_up_none_of_the_owners_tries(house: Services, app: Flask) -> None:
    register(house, "A1")
    owner, stranger = app.test_client(), app.test_client()
    ask(owner)
    (digits,) = digits_on(house)
    clock_of(house).advance(61)
    ask(stranger)
    for _ in range(6):
        enter(stranger, "123456")
    assert enter(owner, digits).status_code == 303


def test_the_first_message_still_opens_after_the_patient_pressed_again(house: Services, app: Flask) -> None:
    register(house, "A1")
    client = app.test_client()
    ask(client)
    assert ask(client).status_code == 429
    (digits,) = digits_on(house)
    assert enter(client, digits).status_code == 303


# --- sessions and other sites ----------------------------------------------------------------------------------------


def test_a_session_that_was_planted_before_is_replaced(house: Services, app: Flask) -> None:
    register(house, "A1")
    register(house, "B1", patient_id="P2", patient_name="王芳", patient_phone="13700000002")
    strangers = inside(app, house, phone="13700000002")
    planted = strangers.get_cookie("cf-patient")
    assert planted is not None
    client = app.test_client()
    client.set_cookie("cf-patient", planted.value)
    clock_of(house).advance(61)
    ask(client)
    enter(client, digits_on(house)[-1])
    own = client.get_cookie("cf-patient")
    assert own is not None
    assert own.value != planted.value
    with house.db.read() as session:
        assert session.scalar(select(func.count()).select_from(PatientSession)) == 2


def test_a_planted_cookie_of_the_door_gives_its_planter_nothing_but_five_tries(house: Services, app: Flask) -> None:
    register(house, "A1")
    client, planter = app.test_client(), app.test_client()
    for each in (client, planter):
        each.set_cookie("cf-door", "planted")
    ask(client)
    assert [enter(planter, f"{number:06d}").status_code for number in range(5)] == [403] * 5
    assert enter(planter, digits_on(house)[-1]).status_code == 403


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_a_page_of_another_site_posts_nothing_here(
    house: Services, app: Flask, headers: dict[str, str], form: dict[str, str]
) -> None:
    register(house, "A1")
    answer = app.test_client().post("/p", data={"phone": PHONE, **form}, headers=headers)
    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers
    assert house.queue.claim(PHONE_REQUEST) is None
    assert failures(house) == 0
    assert messages(house) == []


def test_looking_at_the_page_reads_nothing(house: Services, app: Flask) -> None:
    executed: list[str] = []
    event.listen(house.db.engine, "before_cursor_execute", lambda *args: executed.append(args[2]))
    assert app.test_client().get("/p").status_code == 200
    assert executed == []


def test_behind_https_the_cookie_of_the_door_is_host_bound_secure_and_out_of_scripts_reach(tmp_path: Path) -> None:
    house = services(tmp_path, base_url="https://film.example.org")
    answer = ask(application(house).test_client())
    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert cookie.startswith("__Host-cf-door=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; ")[1:])


def test_who_asked_for_no_digits_may_type_for_ever_and_fills_no_audit_log(house: Services, app: Flask) -> None:
    form = {"one_time_code": "123456", "factor": "9999"}
    for number in range(200):
        answer = app.test_client().post("/p", data={"phone": f"139{number:08d}", **form})
        assert answer.status_code == 403
    assert failures(house) == 14  # each of ten, then the 20th, 40th, 80th and 160th
    register(house)
    client = app.test_client()
    ask(client, PHONE)
    for _ in range(5):
        assert client.post("/p", data={"phone": PHONE, **form}).status_code == 403
    assert failures(house) == 19  # digits that were sent: each try has its row
