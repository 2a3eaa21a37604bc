"""A code from the desk opens the exam to whom no knowledge and no phone lets in."""

from __future__ import annotations

import re

from flask import Flask

from app.bootstrap import Services
from tests.factories.access import issued
from tests.factories.house import clock_of
from tests.factories.staff import Console, actions, console


def desk_code(desk: Console, exam_id: str) -> str:
    page = f"/staff/exams/{exam_id}"
    answer = desk.post(f"{page}/let-in", page, reason="没有登记身份证号")
    assert answer.status_code == 200
    found = re.search(r'id="desk-code">(\d{4} \d{4} \d{4})<', answer.text)
    assert found
    return found.group(1)


def test_who_has_neither_id_number_nor_phone_is_let_in_at_the_desk(house: Services, app: Flask, desk: Console) -> None:
    exam = issued(house, patient_id_number=None, patient_phone=None)
    code = desk_code(desk, exam.exam_id)
    client = app.test_client()
    assert client.post(f"/q/{exam.qr}", data={"one_time_code": code}).status_code == 303
    assert client.get(f"/exams/{exam.exam_id}").status_code == 200
    assert app.test_client().post(f"/q/{exam.qr}", data={"one_time_code": code}).status_code == 403
    assert ("staff.let_in", "staff:desk", "没有登记身份证号") in actions(house, exam.exam_id)


def test_the_desk_resets_what_a_stranger_burnt(house: Services, app: Flask, desk: Console) -> None:
    exam = issued(house)
    for round_ in range(10):
        if round_ % 5 == 0:
            clock_of(house).advance(901 if round_ else 0)
        app.test_client().post(f"/q/{exam.qr}", data={"factor": "9999"})
    assert app.test_client().post(f"/q/{exam.qr}", data={"factor": exam.factor}).status_code == 429
    desk = console(app, house) if desk.get("/staff/exams").status_code == 303 else desk
    client = app.test_client()
    code = desk_code(desk, exam.exam_id)
    assert client.post(f"/q/{exam.qr}", data={"one_time_code": code}).status_code == 303
    assert app.test_client().post(f"/q/{exam.qr}", data={"factor": exam.factor}).status_code == 303


def test_a_desk_code_dies_after_ten_minutes(house: Services, app: Flask, desk: Console) -> None:
    exam = issued(house)
    code = desk_code(desk, exam.exam_id)
    clock_of(house).advance(601)
    assert app.test_client().post(f"/q/{exam.qr}", data={"one_time_code": code}).status_code == 403


def test_who_photographed_the_qr_cannot_use_up_the_tries_of_a_desk_code(
    house: Services, app: Flask, desk: Console
) -> None:
    """From the patient's own network, from others, six digits or twelve; and asking for messages ends it neither."""
    exam = issued(house)
    code = desk_code(desk, exam.exam_id)
    for number in range(60):
        here = {"REMOTE_ADDR": f"203.0.113.{number % 3}"}
        for wrong in (f"{number:06d}", f"{number:012d}"):
            answer = app.test_client().post(f"/q/{exam.qr}", data={"one_time_code": wrong}, environ_base=here)
            assert answer.status_code == 403
    app.test_client().post(f"/q/{exam.qr}", data={"action": "send_code"})
    patient = app.test_client().post(
        f"/q/{exam.qr}", data={"one_time_code": code.replace(" ", "")}, environ_base={"REMOTE_ADDR": "203.0.113.1"}
    )
    assert patient.status_code == 303
