"""The three administrators' pages: people, the audit log, jobs; and that none of them acts on an exam."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import select

from app.bootstrap import Services
from app.models import AuditEvent, Job
from tests.factories.access import issued
from tests.factories.staff import console
from tests.factories.telling import (
    released,
)

ROLE_PAGES = {
    "desk": {"/staff/exams", "/staff/unmatched", "/staff/messages"},
    "system_admin": {"/staff/system", "/staff/messages", "/staff/rules"},
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
    for action in ("resend", "revoke", "hold", "let-in"):
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
    assert reader.get("/staff/audit?log.older=x").status_code == 400
    assert "没有被改动" in reader.post("/staff/audit/verify", "/staff/audit").text
    with house.db.session() as session:
        session.scalars(select(AuditEvent)).first().actor = "somebody else"  # type: ignore[union-attr]
    assert "被改动过" in reader.post("/staff/audit/verify", "/staff/audit").text


def test_the_system_administrator_revives_a_job_that_was_given_up(house: Services, app: Flask) -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    with house.db.session() as session:
        job = Job(
            kind="prepare_study",
            key="x:1",
            state="failed",
            attempts=5,
            run_at=now,
            created_at=now,
            finished_at=now,
            last_error="StoreUnavailable",
        )
        session.add(job)
    admin = console(app, house, "system_admin")
    page = admin.get("/staff/system").text
    assert "准备影像" in page
    assert "影像存储没有响应" in page
    assert admin.post(f"/staff/system/jobs/{job.id.hex}/revive", "/staff/system").status_code == 303
    with house.db.read() as session:
        assert session.scalars(select(Job)).one().state == "pending"
        revived = session.scalars(select(AuditEvent).where(AuditEvent.action == "staff.revived_job")).one()
    assert (revived.actor, revived.subject) == ("staff:system-admin", f"job:{job.id.hex}")
