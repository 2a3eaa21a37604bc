"""The service desk at work on one exam: look, resend, revoke, print; every step leaves a line in the audit log."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from app.bootstrap import Services
from app.models import AuditEvent
from tests.factories.access import issued, opened
from tests.factories.house import clock_of, services
from tests.factories.staff import Console, actions
from tests.factories.telling import (
    messages,
    pickup_codes,
    register,
    released,
    sweep,
)

UNTOLD = {"phone": "13900000001", "factor": "0027"}


@pytest.fixture
def house(tmp_path: Path) -> Services:
    """Its messages carry codes."""
    return services(tmp_path, sms_family="T1")


def test_the_exams_page_shows_deliveries_and_visitors_but_no_factor(house: Services, app: Flask, desk: Console) -> None:
    exam_id = released(house)
    exam = issued(house)
    opened(app, exam).get(f"/exams/{exam_id}")
    page = desk.get(f"/staff/exams/{exam_id}").text
    for shown in ("李娜", "1960-01-02", "139****0001", "已送达", "打开了检查", "看了报告", "1 个文件"):
        assert shown in page
    for hidden in ("13900000001", "120101196001020027", exam.qr, *pickup_codes(house)):
        assert hidden not in page
    assert actions(house, exam_id)[-1] == ("staff.viewed_exam", "staff:desk", "")


def test_resending_sends_a_new_code_that_opens_and_is_audited(house: Services, app: Flask, desk: Console) -> None:
    exam_id = released(house)
    page = f"/staff/exams/{exam_id}"
    answer = desk.post(f"{page}/resend", page, reason="患者没有收到")
    assert (answer.status_code, answer.headers["Location"]) == (303, page)
    sweep(house, seconds=60)
    first, second = pickup_codes(house)
    assert first != second
    opening = app.test_client().post("/s", data={**UNTOLD, "pickup_code": second})
    assert opening.headers["Location"] == f"/exams/{exam_id}"
    assert ("staff.resent", "staff:desk", "患者没有收到") in actions(house, exam_id)
    assert "已重新发送" in desk.get(page).text


@pytest.mark.parametrize("reason", ["", "   ", "长" * 201])
@pytest.mark.parametrize("action", ["resend", "revoke", "hold", "let-in"])
def test_every_action_needs_a_reason(house: Services, desk: Console, action: str, reason: str) -> None:
    exam_id = released(house)
    page = f"/staff/exams/{exam_id}"
    answer = desk.post(f"{page}/{action}", page, reason=reason)
    assert answer.status_code == 400
    assert "请填写原因" in answer.text
    assert {name for name, _, _ in actions(house, exam_id)} == {"staff.viewed_exam"}
    assert len(messages(house)) == 1


@pytest.mark.parametrize("control", ["\0", "\x01", "\x0b", "\x1b", "\x7f", "\x85"])
@pytest.mark.parametrize("action", ["resend", "revoke", "hold", "let-in"])
def test_a_reason_with_control_characters_is_refused_with_words(
    house: Services, desk: Console, action: str, control: str
) -> None:
    exam_id = released(house)
    page = f"/staff/exams/{exam_id}"
    answer = desk.post(f"{page}/{action}", page, reason=f"患者{control}来电")
    assert answer.status_code == 400
    assert "控制字符" in answer.text
    assert {name for name, _, _ in actions(house, exam_id)} == {"staff.viewed_exam"}


def test_a_reason_may_have_several_lines(house: Services, desk: Console) -> None:
    exam_id = released(house)
    page = f"/staff/exams/{exam_id}"
    assert desk.post(f"{page}/hold", page, reason="患者来电\r\n\t核对中\n").status_code == 303
    assert "核对中" in desk.get(page).text


def test_the_fourth_resend_within_an_hour_is_refused(house: Services, desk: Console) -> None:
    exam_id = released(house)
    page = f"/staff/exams/{exam_id}"
    codes = [desk.post(f"{page}/resend", page, reason="x").status_code for _ in range(4)]
    assert codes == [303, 303, 303, 429]
    clock_of(house).advance(3601)
    house.desk.messages.resend(uuid.UUID(hex=exam_id), "x", "staff:desk")


def test_there_is_nothing_to_resend_before_the_release_and_nobody_to_tell_without_a_phone(
    house: Services, desk: Console
) -> None:
    waiting = register(house).hex
    answer = desk.post(f"/staff/exams/{waiting}/resend", f"/staff/exams/{waiting}", reason="x")
    assert answer.status_code == 409
    assert "还没有对患者开放" in answer.text
    silent = released(house, "A2", patient_phone=None)
    answer = desk.post(f"/staff/exams/{silent}/resend", f"/staff/exams/{silent}", reason="x")
    assert answer.status_code == 409
    assert "没有登记手机号" in answer.text


def test_revoking_ends_codes_sessions_and_waiting_messages_at_once(house: Services, app: Flask, desk: Console) -> None:
    exam_id = released(house)
    exam = issued(house)
    patient = opened(app, exam)
    assert patient.get(f"/exams/{exam_id}").status_code == 200
    page = f"/staff/exams/{exam_id}"
    desk.post(f"{page}/resend", page, reason="x")
    assert desk.post(f"{page}/revoke", page, reason="报告单遗失").status_code == 303
    assert patient.get(f"/exams/{exam_id}").status_code == 404
    assert app.test_client().post(f"/q/{exam.qr}", data={"factor": exam.factor}).status_code == 403
    for code in pickup_codes(house):
        assert app.test_client().post("/s", data={**UNTOLD, "pickup_code": code}).status_code == 403
    before = len(messages(house))
    sweep(house, seconds=60)
    assert len(messages(house)) == before
    reprinted = issued(house)
    assert reprinted.qr != exam.qr
    opened(app, reprinted)
    assert ("staff.revoked", "staff:desk", "报告单遗失") in actions(house, exam_id)


def test_the_report_sheet_and_the_qr_are_printed_again_the_same_and_audited(
    house: Services, app: Flask, desk: Console
) -> None:
    exam = issued(house)
    sheet = desk.get(f"/staff/exams/{exam.exam_id}/report-sheet.pdf")
    assert (sheet.mimetype, sheet.data[:5]) == ("application/pdf", b"%PDF-")
    one, two = (desk.get(f"/staff/exams/{exam.exam_id}/qr.png").data for _ in range(2))
    assert one == two
    assert one[:4] == b"\x89PNG"
    with house.db.read() as session:
        printed = session.scalars(select(AuditEvent).where(AuditEvent.action == "qr.printed")).all()
    assert [event.actor for event in printed] == ["staff:desk"] * 3


def test_unknown_exams_and_ids_are_not_found(desk: Console) -> None:
    for wrong in (uuid.uuid4().hex, "x", "..%2f..", "0" * 31):
        assert desk.get(f"/staff/exams/{wrong}").status_code == 404
        assert desk.post(f"/staff/exams/{wrong}/resend", "/staff/exams", reason="x").status_code == 404
        assert desk.post(f"/staff/exams/{wrong}/revoke", "/staff/exams", reason="x").status_code == 404
        assert desk.post(f"/staff/exams/{wrong}/let-in", "/staff/exams", reason="x").status_code == 404
        assert desk.get(f"/staff/exams/{wrong}/qr.png").status_code == 404


def test_what_the_ris_sent_is_escaped(house: Services, desk: Console) -> None:
    exam_id = register(house, patient_name="<script>alert(1)</script>", department="<b>x</b>").hex
    for page in (desk.get(f"/staff/exams/{exam_id}"), desk.client.get("/staff/exams", query_string={"q": "A1"})):
        assert "<script>alert" not in page.text
        assert "<b>x</b>" not in page.text
