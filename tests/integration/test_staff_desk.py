"""The service desk at work: find, look, resend, revoke, let in, print; every step leaves a line in the audit log."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import select

from app.bootstrap import Services
from app.models import AuditEvent, Job, Notification
from tests.factories.access import issued, opened
from tests.factories.house import clock_of
from tests.factories.staff import Console, console
from tests.factories.telling import (
    deliver_receipts,
    exam_of,
    mark_prepared,
    messages,
    receive_study,
    register,
    report,
    sweep,
)

UNTOLD = {"phone": "13900000001", "factor": "0027"}


@pytest.fixture
def desk(app: Flask, house: Services) -> Console:
    return console(app, house)


def released(house: Services, accession: str = "A1", **changes: str | None) -> str:
    """An exam whose patient was told; its id."""
    exam_id = register(house, accession, **changes)
    mark_prepared(house, accession)
    sweep(house)
    deliver_receipts(house)
    return exam_id.hex


def actions(house: Services, exam_id: str) -> list[tuple[str, str, str]]:
    """(action, actor, reason) of what staff did to an exam."""
    with house.db.read() as session:
        rows = session.scalars(
            select(AuditEvent).where(AuditEvent.subject == f"exam:{exam_id}").order_by(AuditEvent.seq)
        )
        return [
            (row.action, row.actor, row.detail.get("reason", "")) for row in rows if row.action.startswith("staff.")
        ]


def pickup_codes(house: Services) -> list[str]:
    return [re.findall(r"取片码\s*([2-9A-HJKMNP-Z]{6})", message.text)[0] for message in messages(house)]


TERMS = ["A1", "13900000001", "+86 139-0000-0001", "１３９０００００００１", "李娜", "李", "LINA", "li na", "Li"]


@pytest.mark.parametrize("term", TERMS)
def test_an_exam_is_found_by_number_phone_name_family_name_and_pinyin(
    house: Services, desk: Console, term: str
) -> None:
    exam_id = register(house)
    register(house, "B7", patient_id="P2", patient_name="王强", patient_phone="13900000002", patient_sex="M")
    page = desk.client.get("/staff/exams", query_string={"q": term})
    assert exam_id.hex in page.text
    assert "王强" not in page.text


def test_an_exam_is_found_by_scanning_the_qr_of_its_report_sheet(house: Services, desk: Console) -> None:
    exam = issued(house)
    scanned = f"{house.settings.base_url}/q/{exam.qr}"
    assert exam.exam_id in desk.client.get("/staff/exams", query_string={"q": scanned}).text


@pytest.mark.parametrize("term", ["", " ", "娜", "%", "李%", "A", "139", "' OR 1=1 --", "李娜" * 200, "/q/"])
def test_parts_and_wildcards_find_nobody(house: Services, desk: Console, term: str) -> None:
    register(house)
    page = desk.client.get("/staff/exams", query_string={"q": term})
    assert page.status_code == 200
    assert "/staff/exams/" not in page.text


def test_a_search_is_audited_without_its_term(house: Services, desk: Console) -> None:
    register(house)
    desk.client.get("/staff/exams", query_string={"q": "李娜"})
    with house.db.read() as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.action == "staff.searched")).one()
    assert event.actor == "staff:desk"
    assert event.detail["found"] == 1
    assert event.detail["term_hash"] == house.blind.of("search.term", "李娜").hex()
    assert "李" not in str(event.detail)


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
@pytest.mark.parametrize("action", ["resend", "revoke", "let-in"])
def test_every_action_needs_a_reason(house: Services, desk: Console, action: str, reason: str) -> None:
    exam_id = released(house)
    page = f"/staff/exams/{exam_id}"
    answer = desk.post(f"{page}/{action}", page, reason=reason)
    assert answer.status_code == 400
    assert "请填写原因" in answer.text
    assert {name for name, _, _ in actions(house, exam_id)} == {"staff.viewed_exam"}
    assert len(messages(house)) == 1


def test_the_fourth_resend_within_an_hour_is_refused(house: Services, desk: Console) -> None:
    exam_id = released(house)
    page = f"/staff/exams/{exam_id}"
    codes = [desk.post(f"{page}/resend", page, reason="x").status_code for _ in range(4)]
    assert codes == [303, 303, 303, 429]
    clock_of(house).advance(3601)
    house.outbox.resend(uuid.UUID(hex=exam_id), "x", "staff:desk")


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


def desk_code(desk: Console, exam_id: str) -> str:
    page = f"/staff/exams/{exam_id}"
    answer = desk.post(f"{page}/let-in", page, reason="没有登记身份证号")
    assert answer.status_code == 200
    found = re.search(r'id="desk-code">(\d{6})<', answer.text)
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


def test_a_desk_code_dies_after_ten_minutes_and_after_five_guesses(house: Services, app: Flask, desk: Console) -> None:
    exam = issued(house)
    old = desk_code(desk, exam.exam_id)
    clock_of(house).advance(601)
    assert app.test_client().post(f"/q/{exam.qr}", data={"one_time_code": old}).status_code == 403
    code = desk_code(desk, exam.exam_id)
    wrong = "000000" if code != "000000" else "111111"
    for _ in range(5):
        app.test_client().post(f"/q/{exam.qr}", data={"one_time_code": wrong})
    assert app.test_client().post(f"/q/{exam.qr}", data={"one_time_code": code}).status_code == 403


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
    assert (lifted.actor, lifted.detail["reason"]) == ("staff:desk", "已与检查科室核对")
    assert "信息不一致" not in desk.get(page).text


ROLE_PAGES = {
    "desk": {"/staff/exams", "/staff/unmatched", "/staff/messages"},
    "system_admin": {"/staff/system", "/staff/messages"},
    "security_admin": {"/staff/people"},
    "audit_admin": {"/staff/audit"},
}


@pytest.mark.parametrize("role", ROLE_PAGES)
def test_a_role_sees_its_own_pages_and_no_others(house: Services, app: Flask, role: str) -> None:
    browser = console(app, house, role)
    assert browser.get("/staff/").headers["Location"] in ROLE_PAGES[role]
    for page in set().union(*ROLE_PAGES.values()):
        assert browser.get(page).status_code == (200 if page in ROLE_PAGES[role] else 403), page


@pytest.mark.parametrize("role", ["system_admin", "security_admin", "audit_admin"])
def test_administrators_cannot_act_on_an_exam(house: Services, app: Flask, role: str) -> None:
    exam = issued(house)
    browser = console(app, house, role)
    page = next(iter(ROLE_PAGES[role]))
    for action in ("resend", "revoke", "let-in"):
        answer = browser.post(f"/staff/exams/{exam.exam_id}/{action}", page, reason="x")
        assert answer.status_code == 403
    assert browser.get(f"/staff/exams/{exam.exam_id}/report-sheet.pdf").status_code == 403


def test_the_security_administrator_makes_resets_and_disables_accounts(house: Services, app: Flask) -> None:
    admin = console(app, house, "security_admin")
    page = "/staff/people"
    made = admin.post(page, page, username="Zhao.L", role="desk")
    assert made.status_code == 200
    secrets = re.findall(r"<code>([^<]+)</code>", made.text)
    assert len(secrets) == 2
    assert not any(secret in admin.get(page).text for secret in secrets)
    assert admin.post(page, page, username="zhao.l", role="desk").status_code == 409
    for name in ("../x", "", "a"):
        assert admin.post(page, page, username=name, role="desk").status_code == 400
    assert admin.post(page, page, username="li.m", role="root").status_code == 400
    again = admin.post(f"{page}/zhao.l/reset", page)
    assert secrets[0] not in again.text
    assert admin.post(f"{page}/security-admin/disable", page).status_code == 409
    assert admin.post(f"{page}/zhao.l/disable", page).status_code == 303
    assert "已停用" in admin.get(page).text
    assert admin.post(f"{page}/nobody/disable", page).status_code == 404


def test_the_audit_administrator_reads_filters_and_proves_the_log(house: Services, app: Flask) -> None:
    exam_id = released(house)
    reader = console(app, house, "audit_admin")
    everything = reader.get("/staff/audit").text
    assert "exam.released" in everything
    only = reader.get(f"/staff/audit?action=exam.registered&subject=exam:{exam_id}").text
    assert only.count("exam.registered") >= 1
    assert "exam.released" not in only
    assert reader.get("/staff/audit?before=x").status_code == 400
    assert "没有被改动" in reader.post("/staff/audit/verify", "/staff/audit").text
    with house.db.session() as session:
        session.scalars(select(AuditEvent)).first().actor = "somebody else"  # type: ignore[union-attr]
    assert "被改动过" in reader.post("/staff/audit/verify", "/staff/audit").text


def test_the_system_administrator_revives_a_job_that_was_given_up(house: Services, app: Flask) -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    with house.db.session() as session:
        job = Job(kind="prepare", key="x:1", state="failed", attempts=5, run_at=now, created_at=now, finished_at=now,
                  last_error="StoreUnavailable")  # fmt: skip
        session.add(job)
    admin = console(app, house, "system_admin")
    assert "StoreUnavailable" in admin.get("/staff/system").text
    assert admin.post(f"/staff/system/jobs/{job.id.hex}/revive", "/staff/system").status_code == 303
    with house.db.read() as session:
        assert session.scalars(select(Job)).one().state == "pending"
        revived = session.scalars(select(AuditEvent).where(AuditEvent.action == "staff.revived_job")).one()
    assert (revived.actor, revived.subject) == ("staff:system-admin", f"job:{job.id.hex}")
