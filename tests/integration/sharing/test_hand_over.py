"""给医生看: digits on the phone, a number on the PC, a tap, and half an hour of the full viewer."""

from __future__ import annotations

import re

from flask import Flask
from sqlalchemy import select

from app.bootstrap import Services
from app.models import AuditEvent, HandOver
from app.services.sharing.hand_over import MOST_WAITING
from tests.factories.access import let_in
from tests.factories.house import clock_of
from tests.factories.sharing import (
    digits,
    doctor,
    form_token,
    output,
    patient,
    tap,
    type_digits,
    waiting_numbers,
)
from tests.factories.telling import exam_of, register, report

EARLY = ["viewer.first.js", "viewer.tools.js", "viewer_tools.css"]


def test_typing_opens_nothing_and_tapping_the_number_opens_everything(house: Services, app: Flask) -> None:
    client, exam_id = patient(app, house)
    report(house)
    code = digits(client, exam_id)
    assert len(code) == 6
    assert output(client.get(f"/exams/{exam_id}/hand-over").text, "code") == code
    pc = app.test_client()
    number = output(type_digits(pc, f"{code[:3]} {code[3:]}").text, "number")
    assert len(number) == 2
    assert output(pc.get("/d").text, "number") == number
    assert waiting_numbers(client, exam_id) == [number]
    page = client.get(f"/exams/{exam_id}/hand-over").text
    assert "Windows 电脑" in page
    assert "203.0.*.*" in page
    assert tap(client, exam_id, number).status_code == 303
    answer = pc.get("/d")
    base = answer.headers["Location"]
    assert (answer.status_code, base.partition("/guest/")[0]) == (303, "")
    assert "胸部CT平扫未见明显异常" in pc.get(base).text
    assert {pc.get(base + tail).status_code for tail in ("/viewer", "/manifest.json", "/report.pdf")} == {200}
    assert pc.get(f"/exams/{exam_id}").status_code == 404
    assert "正在看" in client.get(f"/exams/{exam_id}/hand-over").text


def test_the_viewer_travels_while_the_digits_are_typed_and_no_picture_before_the_tap(
    house: Services, app: Flask
) -> None:
    client, exam_id = patient(app, house)
    code, pc = digits(client, exam_id), app.test_client()
    for page in (pc.get("/d").text, type_digits(pc, code).text):
        early = re.findall(r'<link rel="prefetch" href="([^"]+)">', page)
        assert [address.partition("?")[0].rpartition("/")[2] for address in early] == EARLY
        assert {app.test_client().get(address).status_code for address in early} == {200}
        assert "/series/" not in page


def test_after_thirty_minutes_the_pc_sees_nothing(house: Services, app: Flask) -> None:
    client, exam_id = patient(app, house)
    pc, base = doctor(app, client, exam_id)
    for _ in range(29):
        clock_of(house).advance(60)
        assert pc.get(base).status_code == 200
    clock_of(house).advance(61)
    assert pc.get(base).status_code == 404


def test_the_patient_stops_a_pc_at_once(house: Services, app: Flask) -> None:
    client, exam_id = patient(app, house)
    pc, base = doctor(app, client, exam_id)
    path = f"/exams/{exam_id}/hand-over"
    form = {"csrf_token": form_token(client, path), "end": base.rpartition("/")[2]}
    assert client.post(path, data=form).status_code == 303
    assert pc.get(base).status_code == 404
    assert pc.get("/d").status_code == 200


def test_a_doctor_who_leaves_leaves_nothing_open(house: Services, app: Flask) -> None:
    client, exam_id = patient(app, house)
    pc, base = doctor(app, client, exam_id)
    assert pc.post(f"{base}/leave", data={"csrf_token": "x"}).status_code == 400
    assert pc.post(f"{base}/leave", data={"csrf_token": form_token(pc, base)}).status_code == 200
    assert pc.get(base).status_code == 404


def test_a_number_that_nobody_shows_ends_the_digits(house: Services, app: Flask) -> None:
    client, exam_id = patient(app, house)
    code, pc = digits(client, exam_id), app.test_client()
    number = output(type_digits(pc, code).text, "number")
    wrong = "10" if number != "10" else "11"
    answer = tap(client, exam_id, wrong)
    assert answer.status_code == 403
    assert "已作废" in answer.text
    assert tap(client, exam_id, number).status_code == 403
    assert pc.get("/d").status_code == 200
    assert "已失效" in type_digits(pc, code).text or type_digits(pc, code).status_code == 403
    assert type_digits(app.test_client(), code).status_code == 403


def test_digits_live_five_minutes_and_new_ones_end_the_old(house: Services, app: Flask) -> None:
    client, exam_id = patient(app, house)
    old = digits(client, exam_id)
    new = digits(client, exam_id)
    assert type_digits(app.test_client(), old).status_code == 403
    pc = app.test_client()
    number = output(type_digits(pc, new).text, "number")
    clock_of(house).advance(301)
    assert tap(client, exam_id, number).status_code == 403
    assert pc.get("/d").status_code == 200
    assert type_digits(app.test_client(), new).status_code == 403


def test_digits_lead_to_one_session(house: Services, app: Flask) -> None:
    client, exam_id = patient(app, house)
    code, first, second = digits(client, exam_id), app.test_client(), app.test_client()
    numbers = [output(type_digits(pc, code).text, "number") for pc in (first, second)]
    assert numbers[0] != numbers[1]
    assert waiting_numbers(client, exam_id) == sorted(numbers)
    assert tap(client, exam_id, numbers[1]).status_code == 303
    assert first.get("/d").status_code == 200
    assert second.get("/d").status_code == 303
    assert tap(client, exam_id, numbers[0]).status_code == 403
    assert type_digits(app.test_client(), code).status_code == 403


def test_the_same_digits_typed_again_in_one_browser_show_the_same_number(house: Services, app: Flask) -> None:
    client, exam_id = patient(app, house)
    code, pc = digits(client, exam_id), app.test_client()
    assert len({output(type_digits(pc, code).text, "number") for _ in range(4)}) == 1
    assert len(waiting_numbers(client, exam_id)) == 1


def test_a_fourth_browser_does_not_wait(house: Services, app: Flask) -> None:
    client, exam_id = patient(app, house)
    code = digits(client, exam_id)
    statuses = [type_digits(app.test_client(), code).status_code for _ in range(MOST_WAITING + 1)]
    assert statuses == [200] * MOST_WAITING + [403]


def test_a_lost_answer_loses_no_session_and_another_browser_gets_none(house: Services, app: Flask) -> None:
    client, exam_id = patient(app, house)
    pc, other = app.test_client(), app.test_client()
    number = output(type_digits(pc, digits(client, exam_id)).text, "number")
    waiting = pc.get_cookie("cf-waiting")
    assert waiting is not None
    tap(client, exam_id, number)
    base = pc.get("/d").headers["Location"]
    pc.set_cookie("cf-waiting", waiting.value)
    assert pc.get("/d").headers["Location"] == base
    assert other.get("/d").status_code == 200
    assert other.get(base).status_code == 404


def test_only_the_session_that_gave_the_digits_sees_who_waits(house: Services, app: Flask) -> None:
    client, exam_id = patient(app, house)
    other = let_in(app, house, exam_of(house).id)
    code, pc = digits(client, exam_id), app.test_client()
    number = output(type_digits(pc, code).text, "number")
    assert waiting_numbers(other, exam_id) == []
    assert tap(other, exam_id, number).status_code == 403
    assert waiting_numbers(client, exam_id) == [number]


def test_a_held_exam_is_handed_to_nobody(house: Services, app: Flask) -> None:
    client, exam_id = patient(app, house)
    house.release.holds.withhold(register(house), "影像有误", "staff:a")
    assert client.get(f"/exams/{exam_id}/hand-over").status_code == 404
    assert client.post(f"/exams/{exam_id}/hand-over").status_code == 404


def test_each_step_is_in_the_audit_log_and_the_digits_are_nowhere(house: Services, app: Flask) -> None:
    client, exam_id = patient(app, house)
    pc, base = doctor(app, client, exam_id)
    pc.get(base)
    with house.db.read() as session:
        events = list(session.scalars(select(AuditEvent)))
        row = session.scalars(select(HandOver)).one()
    actions = [event.action for event in events if event.subject == f"exam:{exam_id}"]
    assert {"hand_over.typed", "hand_over.opened", "exam.viewed"} <= set(actions)
    assert f"hand-over-session:{base.rpartition('/')[2]}" in {event.actor for event in events}
    code = house.sharing.hand_over.codes.one_time_code(row.id.bytes)
    assert code not in " ".join(f"{event.actor} {event.subject} {event.detail}" for event in events)
