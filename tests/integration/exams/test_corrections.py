"""What a later PUT of the RIS does to codes, sessions and messages that are out already."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from app.bootstrap import Services
from app.models import AuditEvent
from app.web.machine.ris.bodies import report_input
from tests.factories.access import issued, opened
from tests.factories.house import clock_of, report_body, services
from tests.factories.telling import (
    correct,
    exam_of,
    follow,
    mark_prepared,
    messages,
    register,
    report,
    states,
    sweep,
    tell,
)

OLD, NEW = "13900000001", "13900000002"


@pytest.fixture
def house(tmp_path: Path) -> Services:
    """Its messages carry codes."""
    return services(tmp_path, sms_family="T1")


def code_in(house: Services, phone: str) -> str:
    return messages(house, "+86" + phone)[-1].text.partition("取片码")[2][:6]


def test_another_phone_number_ends_the_pick_up_codes_and_sessions_of_the_old_one(house: Services, app: Flask) -> None:
    exam = issued(house)
    client = opened(app, exam)
    correct(house, patient_phone=NEW)
    form = {"phone": OLD, "pickup_code": exam.pickup, "factor": exam.factor}
    assert app.test_client().post("/s", data=form).status_code == 403
    assert client.get(f"/exams/{exam.exam_id}").status_code == 404
    # the paper is the patient's: it stays valid
    assert opened(app, exam).get(f"/exams/{exam.exam_id}").status_code == 200


def test_the_same_phone_number_again_ends_nothing(house: Services, app: Flask) -> None:
    exam = issued(house)
    client = opened(app, exam)
    correct(house, department="心内科")
    assert client.get(f"/exams/{exam.exam_id}").status_code == 200
    form = {"phone": OLD, "pickup_code": exam.pickup, "factor": exam.factor}
    assert app.test_client().post("/s", data=form).status_code == 303


def test_a_one_time_code_on_its_way_to_the_old_number_opens_nothing(house: Services, app: Flask) -> None:
    exam = issued(house)
    client = app.test_client()
    client.post(f"/q/{exam.qr}", data={"action": "send_code"})
    sweep(house)
    code = messages(house)[-1].text.partition("验证码是")[2][:6]
    correct(house, patient_phone=NEW)
    assert client.post(f"/q/{exam.qr}", data={"one_time_code": code}).status_code == 403


def test_a_message_that_waits_goes_to_the_corrected_number_only(house: Services) -> None:
    exam_id = register(house)
    mark_prepared(house)
    house.release.gate.release_due()
    correct(house, patient_phone=NEW)
    correct(house, patient_phone=NEW)
    sweep(house)
    assert messages(house) == []
    assert len(messages(house, "+86" + NEW)) == 1
    assert [(event, state) for event, _, state in states(house, exam_id)] == [
        ("images_ready", "cancelled"),
        ("images_ready:2", "accepted"),
    ]


def test_a_patient_whose_number_comes_later_is_told_then_and_once(house: Services) -> None:
    tell(house, patient_phone=None)
    assert messages(house) == []
    for _ in range(3):
        correct(house)
        sweep(house, seconds=60)
    assert len(messages(house)) == 1


def test_a_number_that_took_nothing_is_followed_by_the_corrected_one(house: Services) -> None:
    tell(house, patient_phone="17000000003")
    for _ in range(2):
        correct(house, patient_phone="17000000003")
        sweep(house, seconds=60)
    assert messages(house, "+8617000000003") == []
    for _ in range(2):
        correct(house)
        sweep(house, seconds=60)
    assert len(messages(house)) == 1


def test_a_message_that_reached_the_old_number_is_not_sent_again_by_itself(house: Services) -> None:
    tell(house)
    correct(house, patient_phone=NEW)
    sweep(house, seconds=60)
    assert (len(messages(house)), messages(house, "+86" + NEW)) == (1, [])


def test_a_number_that_comes_while_the_exam_is_held_is_told_when_the_hold_is_lifted(house: Services) -> None:
    tell(house, patient_phone=None)
    exam_id = exam_of(house).id
    house.release.holds.withhold(exam_id, "looks wrong", "staff:a")
    correct(house)
    sweep(house, seconds=60)
    assert messages(house) == []
    house.release.holds.release_hold(exam_id, "checked", "staff:a")
    sweep(house, seconds=60)
    assert len(messages(house)) == 1


def test_an_exam_that_is_not_released_is_not_told_because_a_number_came(house: Services) -> None:
    register(house, patient_phone=None)
    correct(house)
    sweep(house)
    assert messages(house) == []


def test_a_corrected_number_is_no_second_notice_for_a_follower(tmp_path: Path) -> None:
    house = services(tmp_path, wechat_notices="simulated")
    exam_id = register(house, patient_phone=None)
    openid = follow(house, exam_id)
    mark_prepared(house)
    sweep(house)
    correct(house)
    sweep(house)
    assert house.simulation.wechat is not None
    assert (len(messages(house)), len(house.simulation.wechat.notices(openid))) == (0, 1)
    sweep(house, seconds=4 * 3600 + 1)
    assert (len(messages(house)), len(house.simulation.wechat.notices(openid))) == (1, 1)


def test_every_correction_of_a_patient_is_audited_by_field_and_without_value(house: Services) -> None:
    correct(house)
    correct(house, patient_phone=NEW, patient_name="李 娜")
    correct(house, patient_phone=NEW, patient_name="李 娜")
    with house.db.read() as session:
        rows = list(session.scalars(select(AuditEvent).where(AuditEvent.action == "patient.corrected")))
    assert [(row.actor, row.detail) for row in rows] == [("machine:ris", {"fields": ["name", "phone"]})]
    assert rows[0].subject.startswith("patient:")


@pytest.mark.parametrize(("first", "second"), [("10³ 个", "103 个"), ("MPa", "mpa"), ("５ mm", "5 mm")])
def test_a_report_that_differs_only_in_case_or_width_is_another_version(
    house: Services, first: str, second: str
) -> None:
    register(house)
    for text in (first, second, second):
        house.exams.reports.add("A1", report_input(report_body(status="amended", findings=text)), "machine:ris")
    view = house.exams.views.by_accession("A1")
    assert view.report is not None
    assert (view.report.version, view.report.findings) == (2, second)


def test_a_report_in_the_outbox_for_the_old_number_is_told_to_the_new_one(house: Services) -> None:
    tell(house)
    clock_of(house).advance(60)
    report(house)
    house.release.gate.release_due()
    correct(house, patient_phone=NEW)
    sweep(house)
    assert len(messages(house)) == 1
    (message,) = messages(house, "+86" + NEW)
    assert "影像和报告" in message.text
    assert code_in(house, NEW) in message.text
