"""What only a human decides: unmatched studies, held exams, messages of unknown outcome."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from sqlalchemy import select

from app.bootstrap import Services
from app.models import AuditEvent, Notification
from tests.factories.access import issued, opened
from tests.factories.staff import Console, actions
from tests.factories.telling import (
    exam_of,
    mark_prepared,
    receive_study,
    register,
    released,
    report,
    sweep,
)


def test_a_message_nobody_knows_about_is_settled_by_the_desk_once(house: Services, desk: Console) -> None:
    exam_id = released(house)
    with house.db.session() as session:
        row = session.scalars(select(Notification)).one()
        row.state = "desk"
        session.flush()
    assert "139****0001" in desk.get("/staff/messages").text
    path = f"/staff/messages/{row.id.hex}/settle"
    assert desk.post(path, "/staff/messages", outcome="maybe").status_code == 400
    assert desk.post(path, "/staff/messages", outcome="arrived").status_code == 303
    assert "没有需要核实的通知" in desk.get("/staff/messages").text
    assert desk.post(path, "/staff/exams", outcome="lost").status_code == 409
    with house.db.read() as session:
        assert session.scalars(select(Notification)).one().state == "delivered"
    assert ("staff.settled_message", "staff:desk", "") in actions(house, exam_id)


def test_a_study_that_belongs_to_nobody_is_listed_with_its_reason(house: Services, desk: Console) -> None:
    register(house, "A1", patient_sex="M")
    mark_prepared(house, "A1")
    page = desk.get("/staff/unmatched").text
    assert "性别不一致" in page
    assert "A1" in page


def lift(desk: Console, page: str, *, seen: str) -> int:
    """Press the button of a page that was opened some time ago."""
    revision = re.findall(r'name="revision" value="(\d+)"', seen)[0]
    return desk.post(f"{page}/lift-hold", page, reason="已与检查科室核对", revision=revision).status_code


def test_the_desk_is_told_that_a_report_was_written_for_another(house: Services, desk: Console) -> None:
    exam_id = register(house)
    report(house)
    register(house, patient_id="P2", patient_name="王强", patient_sex="M")
    page = desk.get(f"/staff/exams/{exam_id.hex}").text
    assert "报告写好后，登记改成了另一个患者编号" in page
    assert "有影像与登记信息不一致" not in page


def test_a_hold_is_not_lifted_for_what_changed_after_the_desk_looked(
    house: Services, app: Flask, desk: Console
) -> None:
    exam_id = register(house)
    report(house)
    receive_study(house, AccessionNumber="A1", PatientName="Wang^Qiang=王^强")
    page = f"/staff/exams/{exam_id.hex}"
    seen = desk.get(page).text
    register(house, patient_id="P2", patient_name="赵敏", patient_phone="13900000002")
    assert lift(desk, page, seen=seen) == 409
    assert desk.post(f"{page}/lift-hold", page, reason="x").status_code == 409
    assert exam_of(house).held_at is not None
    assert lift(desk, page, seen=desk.get(page).text) == 303
    assert exam_of(house).held_at is None


def test_a_held_exam_is_let_go_by_the_desk_and_the_stranger_stays_away(
    house: Services, app: Flask, desk: Console
) -> None:
    exam_id = released(house)
    exam = issued(house)
    patient = opened(app, exam)
    receive_study(house, AccessionNumber="A1", PatientName="Wang^Qiang=王^强")
    assert "核对" in patient.get(f"/exams/{exam_id}").text
    page = f"/staff/exams/{exam_id}"
    assert "姓名不一致" in desk.get(page).text
    assert desk.post(f"{page}/lift-hold", page, reason=" ").status_code == 400
    assert lift(desk, page, seen=desk.get(page).text) == 303
    assert "报告" in patient.get(f"/exams/{exam_id}").text
    assert desk.post(f"{page}/lift-hold", page, reason="x", revision=1).status_code == 409
    with house.db.read() as session:
        lifted = session.scalars(select(AuditEvent).where(AuditEvent.action == "exam.hold_lifted")).one()
    assert (lifted.actor, lifted.detail) == ("staff:desk", {"reason": "by_staff", "note": "已与检查科室核对"})
    assert "信息不一致" not in desk.get(page).text


def test_the_desk_withholds_an_exam_and_gives_it_back(house: Services, app: Flask, desk: Console) -> None:
    exam_id = released(house)
    exam = issued(house)
    patient = opened(app, exam)
    page = f"/staff/exams/{exam_id}"
    assert desk.post(f"{page}/hold", page, reason="影像有误").status_code == 303
    shown = desk.get(page).text
    assert "患者看不到" in shown
    assert "影像有误" in shown
    assert f'action="{page}/hold"' not in shown
    for browser in (patient, opened(app, exam)):  # nobody has to be let out, and nobody gets in by scanning again
        assert "医院正在核对" in browser.get(f"/exams/{exam_id}").text
        assert browser.get(f"/exams/{exam_id}/manifest.json").status_code == 404
    register(house)  # what the machine finds in order lifts no human's hold
    receive_study(house)
    sweep(house)
    assert (exam_of(house).held_reason, exam_of(house).held_note) == ("by_staff", "影像有误")
    assert lift(desk, page, seen=desk.get(page).text) == 303
    assert "医院正在核对" not in patient.get(f"/exams/{exam_id}").text
    with house.db.read() as session:
        events = session.scalars(select(AuditEvent).where(AuditEvent.action.startswith("exam.h")))
        assert [(event.action, event.actor, event.detail["note"]) for event in events] == [
            ("exam.held", "staff:desk", "影像有误"),
            ("exam.hold_lifted", "staff:desk", "已与检查科室核对"),
        ]


def test_an_exam_that_the_machine_holds_can_be_withheld_until_a_human_lifts_it(house: Services, desk: Console) -> None:
    exam_id = register(house)
    receive_study(house, AccessionNumber="A1", PatientName="Wang^Qiang=王^强")
    page = f"/staff/exams/{exam_id.hex}"
    assert f'action="{page}/hold"' in desk.get(page).text
    assert desk.post(f"{page}/hold", page, reason="疑似传错患者").status_code == 303
    register(house, patient_name="王强")
    assert (exam_of(house).held_reason, exam_of(house).held_note) == ("by_staff", "疑似传错患者")


@pytest.mark.parametrize("reason", [" ", "长" * 65], ids=["none", "too long"])
def test_a_hold_by_hand_needs_a_reason_of_its_own(house: Services, desk: Console, reason: str) -> None:
    page = f"/staff/exams/{register(house).hex}"
    assert desk.post(f"{page}/hold", page, reason=reason).status_code == 400
    assert exam_of(house).held_at is None


@pytest.mark.parametrize("typed", ["contradicted", "report_of_another"])
def test_whatever_staff_type_a_hold_by_hand_stays_one(house: Services, desk: Console, typed: str) -> None:
    exam_id = register(house)
    page = f"/staff/exams/{exam_id.hex}"
    assert desk.post(f"{page}/hold", page, reason=typed).status_code == 303
    mark_prepared(house)
    sweep(house)
    assert (exam_of(house).held_reason, exam_of(house).held_note) == ("by_staff", typed)
    assert f"工作人员暂停了显示（原因：{typed}）" in desk.get(page).text
