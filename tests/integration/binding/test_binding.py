"""A WeChat user is bound to a person, sees all exams of that person and nobody else's, until one of both ends it."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from app import create_app
from app.bootstrap import Services
from app.models import AuditEvent, BindingCode
from app.services.patient_access.one_time_codes import TRIES
from tests.factories.house import clock_of, services
from tests.factories.login import ID_NUMBER, NAME, OPENID, answer, ask, bound, csrf, enter
from tests.factories.phone_door import digits_on, listed
from tests.factories.telling import mark_prepared, register, states, sweep

OTHER = "oOther000000000000000000001"


@pytest.fixture
def house(tmp_path: Path) -> Services:
    built = services(tmp_path, wechat_notices="simulated")
    register(built)
    return built


@pytest.fixture
def app(house: Services) -> Flask:
    return create_app(house.settings, house)


def actions(house: Services, action: str) -> int:
    with house.db.read() as session:
        return len(session.scalars(select(AuditEvent).where(AuditEvent.action == action)).all())


def test_a_bound_person_sees_all_exams_also_future_ones_across_patient_ids(house: Services, app: Flask) -> None:
    client = bound(app, house)
    assert len(listed(client)) == 1
    register(house, "A2", patient_id="P-OLD", patient_phone="13900000077")
    register(house, "A3", patient_id="P9", patient_name="王芳", patient_id_number="120101197001020021")
    register(house, "A4", patient_id="P8", patient_name="李 娜")
    assert len(listed(client)) == 3
    assert actions(house, "wechat.bound") == 1


def test_another_name_with_the_same_number_stays_closed(house: Services, app: Flask) -> None:
    client = bound(app, house)
    other = register(house, "A2", patient_id="P9", patient_name="王芳")
    assert client.get(f"/exams/{other.hex}").status_code == 404


def test_a_page_of_an_exam_opens_and_the_look_is_audited(house: Services, app: Flask) -> None:
    client = bound(app, house)
    (exam,) = listed(client)
    assert client.get(f"/exams/{exam}").status_code == 200
    assert actions(house, "exam.viewed") == 1


@pytest.mark.parametrize(
    ("name", "id_number"),
    [
        ("王芳", ID_NUMBER),
        (NAME, "120101197001020021"),
        (NAME, ""),
        ("", ID_NUMBER),
        (NAME, "???"),
        ("x" * 64, "y" * 64),
    ],
)
def test_who_is_no_patient_gets_the_same_page_and_no_message(
    house: Services, app: Flask, name: str, id_number: str
) -> None:
    known, stranger = app.test_client(), app.test_client()
    enter(known, house)
    enter(stranger, house, OTHER)
    right, wrong = ask(known), ask(stranger, name, id_number)
    assert wrong.status_code == right.status_code == 200
    assert "如果信息与检查登记一致" in wrong.text
    assert len(digits_on(house)) == 1
    assert answer(stranger, digits_on(house)[0], name, id_number).status_code == 403
    assert actions(house, "access.failed") == 1


def test_who_asks_too_often_for_ever_fills_no_audit_log(house: Services, app: Flask) -> None:
    client = app.test_client()
    enter(client, house)
    assert [ask(client).status_code for _ in range(41)] == [200] + [429] * 40
    assert actions(house, "access.one_time_code_refused") == 12, "each of ten, then the 20th and 40th"


def test_digits_are_good_for_the_openid_that_asked_and_once(house: Services, app: Flask) -> None:
    mine, thief = app.test_client(), app.test_client()
    enter(mine, house)
    enter(thief, house, OTHER)
    ask(mine)
    digits = digits_on(house)[-1]
    assert answer(thief, digits).status_code == 403
    assert answer(mine, digits).status_code == 303
    assert answer(mine, digits).status_code == 403
    assert thief.get("/exams").status_code == 404


def test_after_five_tries_the_right_digits_bind_nobody(house: Services, app: Flask) -> None:
    client = app.test_client()
    enter(client, house)
    ask(client)
    digits = digits_on(house)[-1]
    wrong = "000000" if digits != "000000" else "000001"
    assert [answer(client, wrong).status_code for _ in range(5)] == [403] * 5
    assert answer(client, digits).status_code == 403
    assert actions(house, "access.failed") == 6


def test_who_asked_for_no_digits_fills_no_audit_log(house: Services, app: Flask) -> None:
    client = app.test_client()
    enter(client, house)
    assert [answer(client, "123456").status_code for _ in range(100)] == [403] * 100
    assert actions(house, "access.failed") == 13  # each of ten, then the 20th, 40th and 80th


def test_forty_parallel_guesses_at_the_digits_get_five_comparisons(house: Services, app: Flask) -> None:
    client = app.test_client()
    enter(client, house)
    ask(client)
    digits = int(digits_on(house)[-1])
    login = client.get_cookie("cf-wechat")
    assert login is not None
    guessing = [app.test_client() for _ in range(40)]
    for each in guessing:
        each.set_cookie("cf-wechat", login.value)
    with ThreadPoolExecutor(40) as pool:
        wrong = [f"{(digits + number) % 10**6:06d}" for number in range(1, 41)]
        found = Counter(pool.map(lambda pair: answer(*pair).status_code, zip(guessing, wrong, strict=True)))
    assert found == {403: 40}
    with house.db.read() as session:
        assert session.scalars(select(BindingCode.failures)).all() == [TRIES]
    assert answer(client, f"{digits:06d}").status_code == 403
    assert actions(house, "access.failed") == 5 + 11, "each try at live digits, and few of those that came too late"


def test_digits_end_after_ten_minutes(house: Services, app: Flask) -> None:
    client = app.test_client()
    enter(client, house)
    ask(client)
    digits = digits_on(house)[-1]
    clock_of(house).advance(601)
    assert answer(client, digits).status_code == 403


def test_one_phone_is_rung_once_a_minute_whoever_asks_and_at_the_phone_door_too(house: Services, app: Flask) -> None:
    for number in range(4):
        client = app.test_client()
        enter(client, house, f"oBomber{number:021}")
        assert ask(client).status_code == 200
    app.test_client().post("/p", data={"phone": "13900000001", "action": "send_code"})
    assert len(digits_on(house)) == 1


def test_one_wechat_user_asks_once_a_minute_and_ten_times_a_day_for_whomever(house: Services, app: Flask) -> None:
    client = app.test_client()
    enter(client, house)
    assert [ask(client, f"甲{number}").status_code for number in range(2)] == [200, 429]
    for _ in range(20):
        clock_of(house).advance(1800)
        enter(client, house)
        last = ask(client)
    assert last.status_code == 429


def test_a_bound_openid_on_a_new_device_needs_digits_alone(house: Services, app: Flask) -> None:
    bound(app, house)
    clock_of(house).advance(61)
    client = app.test_client()
    enter(client, house)
    assert client.post("/bind", data={"action": "send_code"}).status_code == 200
    done = client.post("/bind", data={"one_time_code": digits_on(house)[-1]})
    assert (done.status_code, done.headers["Location"]) == (303, "/exams")
    assert len(listed(client)) == 1
    assert enter(client, house).headers["Location"] == "/exams"
    assert actions(house, "wechat.bound") == 1


def test_one_person_may_bind_several_openids_and_one_openid_names_one_person(house: Services, app: Flask) -> None:
    mine = bound(app, house)
    clock_of(house).advance(61)
    hers = bound(app, house, OTHER)
    register(
        house,
        "A2",
        patient_id="P9",
        patient_name="王芳",
        patient_id_number="120101197001020021",
        patient_phone="13900000088",
    )
    clock_of(house).advance(61)
    client = app.test_client()
    enter(client, house)
    ask(client, "王芳", "120101197001020021")
    assert answer(client, digits_on(house, "13900000088")[-1], "王芳", "120101197001020021").status_code == 303
    assert len(listed(client)) == 1
    assert mine.get("/exams").status_code == 404
    assert len(listed(hers)) == 1
    assert actions(house, "wechat.unbound") == 1


def test_unbinding_needs_the_sessions_token_and_ends_sessions_device_and_notices(house: Services, app: Flask) -> None:
    client = bound(app, house)
    assert client.post("/unbind").status_code == 400
    assert client.post("/unbind", data={"csrf_token": csrf(client)}).status_code == 303
    assert client.get("/exams").status_code == 404
    assert enter(client, house).headers["Location"] == "/bind"
    assert client.get("/exams").status_code == 404
    assert actions(house, "wechat.unbound") == 1
    exam = register(house)
    mark_prepared(house)
    sweep(house)
    assert {channel for _, channel, _ in states(house, exam)} == {"sms"}


def test_a_stranger_or_a_session_of_the_phone_door_unbinds_nobody(house: Services, app: Flask) -> None:
    bound(app, house)
    assert app.test_client().post("/unbind", data={"csrf_token": "x"}).status_code == 404
    assert actions(house, "wechat.unbound") == 0


def test_a_bound_follower_is_told_by_a_notice(house: Services, app: Flask) -> None:
    bound(app, house)
    assert house.simulation.wechat is not None
    house.simulation.wechat.follow(OPENID)
    exam = register(house, "A2", patient_id="P-OLD")
    mark_prepared(house, "A2", PatientID="P-OLD")
    sweep(house)
    assert {channel for _, channel, _ in states(house, exam)} == {"wechat"}
    assert len(house.simulation.wechat.notices(OPENID)) == 1


def test_a_corrected_number_closes_the_exam_and_a_corrected_phone_does_not(house: Services, app: Flask) -> None:
    client = bound(app, house)
    register(house, patient_phone="13900000066")
    assert len(listed(client)) == 1
    register(house, patient_id_number="120101196001020043")
    assert client.get("/exams").status_code == 404


def test_the_desk_binds_whoever_has_another_phone(house: Services, app: Flask) -> None:
    exam = register(
        house, "A2", patient_id="P2", patient_name="赵敏", patient_id_number="E12345678", patient_phone=None
    )
    code = house.desk.exams.let_bind(exam, "手机号不对", "staff:desk")
    client = app.test_client()
    enter(client, house)
    assert answer(client, code, "赵敏", "e12345678").status_code == 303
    assert listed(client) == [exam.hex]
    assert actions(house, "staff.let_bind") == 1


def test_a_child_without_id_number_is_bound_at_the_desk_beside_the_guardian(house: Services, app: Flask) -> None:
    child = register(house, "A2", patient_id="P2", patient_name="李小宝", patient_id_number=None)
    namesake = register(house, "A3", patient_id="P3", patient_name="李小宝", patient_id_number=None)
    client = bound(app, house)
    code = house.desk.exams.let_bind(child, "监护人办理", "staff:desk")
    assert answer(client, code, "李小宝", "").status_code == 303
    assert child.hex in listed(client)
    assert client.get(f"/exams/{namesake.hex}").status_code == 404
    assert enter(client, house).headers["Location"] == "/exams"
    assert len(listed(client)) == 2


def test_the_desks_digits_bind_only_who_names_that_person_and_once(house: Services, app: Flask) -> None:
    exam = register(house, "A2", patient_id="P2", patient_name="赵敏", patient_id_number="E12345678")
    code = house.desk.exams.let_bind(exam, "手机号不对", "staff:desk")
    client = app.test_client()
    enter(client, house)
    assert answer(client, code, NAME, ID_NUMBER).status_code == 403
    assert answer(client, code, "赵敏", "E12345678").status_code == 303
    other = app.test_client()
    enter(other, house, OTHER)
    assert answer(other, code, "赵敏", "E12345678").status_code == 403


def test_staff_end_every_binding_of_a_person_at_once(house: Services, app: Flask) -> None:
    mine = bound(app, house)
    clock_of(house).advance(61)
    hers = bound(app, house, OTHER)
    exam = register(house)
    house.desk.exams.unbind(exam, "手机丢失", "staff:desk")
    assert (mine.get("/exams").status_code, hers.get("/exams").status_code) == (404, 404)
    assert actions(house, "wechat.unbound") == 2


def test_a_ticket_of_a_bound_session_opens_its_exam_and_ends_with_the_binding(house: Services, app: Flask) -> None:
    client = bound(app, house)
    (exam,) = listed(client)
    page = client.get(f"/exams/{exam}", headers={"User-Agent": "MicroMessenger"}).text
    ticket = page.partition("/t/")[2].partition('"')[0]
    assert ticket
    outside = app.test_client()
    assert outside.post(f"/t/{ticket}").status_code == 303
    assert outside.get(f"/exams/{exam}").status_code == 200
    client.post("/unbind", data={"csrf_token": csrf(client)})
    assert outside.get(f"/exams/{exam}").status_code == 404


def test_a_foreign_page_cannot_make_a_visitor_bind_or_unbind(house: Services, app: Flask) -> None:
    client = bound(app, house)
    token = csrf(client)
    for path in ("/bind", "/unbind"):
        answered = client.post(path, data={"csrf_token": token}, headers={"Origin": "https://evil.test"})
        assert answered.status_code == 403
    assert len(listed(client)) == 1


def test_a_planted_cookie_gives_its_planter_nothing(house: Services, app: Flask) -> None:
    client, planter = app.test_client(), app.test_client()
    planter.get("/wx/enter")
    planted = planter.get_cookie("cf-wechat-state")
    assert planted is not None
    client.set_cookie("cf-wechat-state", planted.value)
    enter(client, house)
    fresh = client.get_cookie("cf-wechat-state")
    assert fresh is not None
    assert fresh.value != planted.value
    assert planter.get("/bind").status_code == 302
