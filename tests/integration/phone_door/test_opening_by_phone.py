"""The phone door: a phone, six digits, the last four of the ID number, and the exams of that one person."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from sqlalchemy import select

from app.bootstrap import Services
from app.models import AuditEvent, Job
from app.services.phone_door.door import MOST_PEOPLE, PHONE_REQUEST
from tests.factories.access import application, issued, revoke
from tests.factories.house import clock_of
from tests.factories.phone_door import PHONE, ask, digits_on, enter, inside, listed
from tests.factories.telling import correct, messages, register, released, report, sweep

CHILD = {"patient_id": "P2", "patient_name": "李小宝", "patient_id_number": "120101195401010018"}
BARE = {"patient_id": "P3", "patient_name": "李宝宝", "patient_id_number": None}
PAGES = ("", "/viewer", "/report.pdf", "/manifest.json", "/images.zip", "/dicom.zip", "/series/1/frames/1.jpg")
TAILS = (*PAGES, "/series/1/frames.batch?from=1&count=1", "/nothing")


def test_who_holds_the_phone_and_knows_the_last_four_sees_all_own_exams_newest_first(house: Services) -> None:
    old = register(house, "A1", performed_at="2024-03-02T08:30:00+08:00").hex
    new = register(house, "A2").hex
    another_number = register(house, "A3", patient_id="P9", performed_at="2025-03-02T08:30:00+08:00").hex
    report(house, "A2")
    client = inside(application(house), house)
    assert listed(client) == [new, another_number, old]
    page = client.get("/exams").text
    assert re.findall(r'href="/exams/([0-9a-f]{32})"', page) == [new, another_number, old]
    assert "报告已出" in page
    assert page.count("报告未出") == 2
    for exam in (old, new, another_number):
        assert client.get(f"/exams/{exam}").status_code == 200
    assert 'href="/exams"' in client.get(f"/exams/{new}").text


def test_two_people_on_one_phone_open_only_whom_the_last_four_name(house: Services, app: Flask) -> None:
    parent, child = register(house, "A1").hex, register(house, "A2", **CHILD).hex
    for factor, own, others in (("0027", parent, child), ("0018", child, parent)):
        client = inside(app, house, factor)
        assert listed(client) == [own]
        assert client.get(f"/exams/{own}").status_code == 200
        assert {client.get(f"/exams/{others}{tail}").status_code for tail in TAILS} == {404}
        assert others not in client.get("/exams").text
        clock_of(house).advance(61)


def test_two_people_with_the_same_last_four_on_one_phone_are_both_sent_to_the_desk(house: Services, app: Flask) -> None:
    register(house, "A1")
    register(house, "A2", patient_id="P2", patient_name="王芳", patient_id_number="110105195501010027")
    client = app.test_client()
    ask(client)
    answer = enter(client, digits_on(house)[-1])
    assert answer.status_code == 403
    assert "服务台" in answer.text


def test_who_has_no_id_number_is_told_of_the_desk_and_of_wechat_and_opens_nothing(house: Services, app: Flask) -> None:
    register(house, "A1", **BARE)
    client = app.test_client()
    for page in (client.get("/p"), ask(client)):
        assert "没有身份证号" in page.text
        assert "服务台" in page.text
        assert "微信" in page.text
    for factor in ("", "0027", "none", "None"):
        assert enter(client, digits_on(house)[-1], factor).status_code == 403


def test_a_number_of_more_people_than_a_family_opens_nothing(house: Services, app: Flask) -> None:
    register(house, "A1")
    for number in range(MOST_PEOPLE):
        register(house, f"B{number}", patient_id=f"B{number}", patient_id_number=f"PASS{number:04}")
    client = app.test_client()
    ask(client)
    assert enter(client, digits_on(house)[-1]).status_code == 403


@pytest.mark.parametrize("typed", ["002x", "002X", "００２Ｘ", " 002x "])
def test_an_id_number_that_ends_in_x_opens_however_it_is_typed(house: Services, app: Flask, typed: str) -> None:
    register(house, "A1", patient_id_number="11010519491231002X")
    inside(app, house, typed)


def test_exams_of_other_people_and_of_other_phones_do_not_exist_for_the_session(house: Services, app: Flask) -> None:
    own = register(house, "A1").hex
    others = {
        "another person, another phone": register(house, "B1", **{**CHILD, "patient_phone": "13900000002"}).hex,
        "the same ID number, another phone": register(house, "B2", patient_id="P7", patient_phone="13900000002").hex,
        "nobody": "0" * 32,
    }
    client = inside(app, house)
    assert listed(client) == [own]
    for what, exam in others.items():
        assert {client.get(f"/exams/{exam}{tail}").status_code for tail in TAILS} == {404}, what
        assert client.post(f"/exams/{exam}/leave").status_code == 404, what
    for odd in (own.upper(), f"{own[:8]}-{own[8:]}", own[:-1], own + "0", "x"):
        assert client.get(f"/exams/{odd}").status_code == 404, odd


def test_a_session_of_one_exam_still_opens_only_that_one(house: Services, app: Flask) -> None:
    first, second = issued(house, "A1"), issued(house, "A2")
    client = app.test_client()
    client.post(f"/q/{first.qr}", data={"factor": first.factor})
    assert listed(client) == [first.exam_id]
    assert client.get(f"/exams/{second.exam_id}").status_code == 404
    assert 'href="/exams"' not in client.get(f"/exams/{first.exam_id}").text


def test_a_new_exam_of_the_person_is_on_the_list_at_once(house: Services, app: Flask) -> None:
    register(house, "A1")
    client = inside(app, house)
    new = register(house, "A2", performed_at="2026-03-03T08:30:00+08:00").hex
    assert listed(client)[0] == new
    assert client.get(f"/exams/{new}").status_code == 200


def test_held_exams_are_listed_without_a_word_of_them_and_show_nothing(house: Services, app: Flask) -> None:
    held, shown = released(house, "A1", body_part="头颅"), register(house, "A2", body_part="腹部").hex
    client = inside(app, house)
    house.release.holds.withhold(register(house, "A1", body_part="头颅"), "影像有误", "staff:a")
    page = client.get("/exams").text
    assert "头颅" not in page
    assert "腹部" in page
    assert page.count("医院正在核对") == 1
    listed = client.get("/exams", headers={"Accept": "application/json"}).get_json()["exams"]
    assert [exam["id"] for exam in listed] == [shown]
    assert "正在核对" in client.get(f"/exams/{held}").text
    assert client.get(f"/exams/{held}/report.pdf").status_code == 404
    assert client.get(f"/exams/{shown}").status_code == 200
    house.release.holds.withhold(register(house, "A2", body_part="腹部"), "影像有误", "staff:a")
    assert "腹部" not in client.get("/exams").text


def test_before_their_release_pictures_are_in_preparation(house: Services, app: Flask) -> None:
    exam = register(house, "A1").hex
    client = inside(app, house)
    assert "影像准备中" in client.get("/exams").text
    assert client.get(f"/exams/{exam}/manifest.json").json["series"] == []


def test_revoking_one_exam_at_the_desk_ends_the_session_that_opens_it(house: Services, app: Flask) -> None:
    exams = [register(house, "A1").hex, register(house, "A2").hex]
    client, others = inside(app, house), None
    register(house, "B1", **CHILD)
    clock_of(house).advance(61)
    others = inside(app, house, "0018")
    revoke(house, "A1")
    assert {client.get(f"/exams/{exam}").status_code for exam in exams} == {404}
    assert client.get("/exams").status_code == 404
    assert others.get("/exams").status_code == 200


@pytest.mark.parametrize("change", [{"patient_phone": "13900000002"}, {"patient_id_number": "110105195501010035"}])
def test_a_correction_of_phone_or_id_number_ends_what_was_opened_by_the_former(
    house: Services, app: Flask, change: dict[str, str]
) -> None:
    exam = register(house, "A1").hex
    client = inside(app, house)
    correct(house, "A1", **change)
    assert client.get(f"/exams/{exam}").status_code == 404
    assert client.get("/exams").status_code == 404


def test_digits_on_their_way_to_a_former_number_are_not_sent(house: Services, app: Flask) -> None:
    register(house, "A1")
    client = app.test_client()
    ask(client)
    house.worker.run_job("phone_code")
    correct(house, "A1", patient_phone="13900000002")
    assert digits_on(house) == []
    assert digits_on(house, "13900000002") == []


def test_a_request_that_a_worker_answers_twice_sends_one_message(house: Services, app: Flask) -> None:
    register(house, "A1")
    client = app.test_client()
    ask(client)
    with house.db.read() as session:
        key = session.scalars(select(Job.key).where(Job.kind == PHONE_REQUEST)).one()
    for _ in range(2):
        house.phone_door.answer(key)
    assert len(digits_on(house)) == 1


def test_a_request_nobody_answered_for_ten_minutes_is_dropped(house: Services, app: Flask) -> None:
    register(house, "A1")
    ask(app.test_client())
    clock_of(house).advance(601)
    assert digits_on(house) == []


def test_every_look_leaves_a_line_that_names_nobody(house: Services, app: Flask) -> None:
    exam = register(house, "A1")
    client = inside(app, house)
    client.get("/exams")
    client.head("/exams")
    client.get(f"/exams/{exam.hex}")
    with house.db.read() as session:
        events = list(session.scalars(select(AuditEvent).order_by(AuditEvent.seq)))
    seen = [(event.action, event.actor.partition(":")[0], event.subject.partition(":")[0]) for event in events]
    assert [action for action, _, _ in seen].count("exams.listed") == 1
    assert ("access.granted", "patient-session", "phone") in seen
    assert ("exam.viewed", "patient-session", "exam") in seen
    written = " ".join(f"{event.actor} {event.subject} {event.detail}" for event in events)
    for secret in (PHONE, "120101196001020027", "李娜", *digits_on(house)):
        assert secret not in written


def test_leaving_ends_the_whole_session(house: Services, app: Flask) -> None:
    exam = register(house, "A1").hex
    client = inside(app, house)
    token = client.get("/exams").text.partition('name="csrf_token" value="')[2].partition('"')[0]
    assert client.post(f"/exams/{exam}/leave", data={"csrf_token": token}).status_code == 200
    assert client.get("/exams").status_code == 404


def test_the_notice_of_today_holds_no_code_and_no_link_and_names_the_phone_door(house: Services) -> None:
    released(house)
    sweep(house)
    (message,) = messages(house)
    assert "手机号" in message.text
    assert not any(letter.isascii() and letter.isalnum() for letter in message.text)
