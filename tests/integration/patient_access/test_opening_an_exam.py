"""Codes and second factors: what opens an exam, and that neither a look nor a failure tells anything."""

from __future__ import annotations

import re

from flask import Flask
from sqlalchemy import event, func, select

from app.bootstrap import Services
from app.models import AccessAttempts, AuditEvent, Base
from app.security.codes import is_long
from tests.factories.access import WRONG, Issued, issued, opened, revoke
from tests.factories.house import clock_of


def test_the_qr_and_the_last_four_open_the_exam(app: Flask, exam: Issued) -> None:
    assert is_long(exam.qr)
    answer = app.test_client().post(f"/q/{exam.qr}", data={"factor": exam.factor})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/exams/{exam.exam_id}")
    page = opened(app, exam).get(f"/exams/{exam.exam_id}")
    assert page.status_code == 200
    assert "李*" in page.text


def test_the_pick_up_code_opens_only_with_its_phone(app: Flask, exam: Issued) -> None:
    assert re.fullmatch("[2-9A-HJKMNP-Z]{6}", exam.pickup)
    form = {"phone": exam.phone, "pickup_code": exam.pickup.lower(), "factor": exam.factor}
    assert app.test_client().post("/s", data=form).status_code == 303
    assert app.test_client().post(f"/s/{exam.pickup}", data=form).status_code == 303
    assert app.test_client().post("/s", data={**form, "phone": "13900000002"}).status_code == 403
    assert app.test_client().post(f"/s/{exam.pickup}", data={"factor": exam.factor}).status_code == 403


def test_the_birth_date_never_opens(app: Flask, exam: Issued) -> None:
    for guess in ("19600102", "1960-01-02", "0102", "1960"):
        assert app.test_client().post(f"/q/{exam.qr}", data={"factor": guess}).status_code == 403


def test_full_width_digits_and_a_small_x_are_understood(house: Services, app: Flask) -> None:
    exam = issued(house, "A2", patient_id_number="11010519491231002X", patient_birth_date="1949-12-31")
    assert app.test_client().post(f"/q/{exam.qr}", data={"factor": "００２x"}).status_code == 303


def test_the_qr_is_the_same_for_the_exams_life_and_another_after_revocation(house: Services, exam: Issued) -> None:
    assert issued(house).qr == exam.qr
    revoke(house, "A1")
    assert issued(house).qr != exam.qr


def test_ten_thousand_gets_tell_nothing_and_change_nothing(house: Services, app: Flask, exam: Issued) -> None:
    def census() -> dict[str, int]:
        with house.db.read() as session:
            return {
                name: session.scalar(select(func.count()).select_from(table)) or 0
                for name, table in Base.metadata.tables.items()
            }

    before, client = census(), app.test_client()
    for start, live in (("/q/", exam.qr), ("/s/", exam.pickup), ("/s/", exam.qr)):
        pages = {(page.status_code, page.data) for page in (client.get(start + live) for _ in range(100))}
        for number in range(3300):
            code = f"{number:0{len(live)}d}".translate(str.maketrans("01", "AB")).replace("8", "C").replace("9", "D")
            page = client.get(start + code)
            assert "Set-Cookie" not in page.headers
            pages.add((page.status_code, page.data))
        assert len(pages) == 1
        assert next(iter(pages))[0] == 200
    assert census() == before


def test_a_get_runs_no_statement_on_the_database(house: Services, app: Flask, exam: Issued) -> None:
    seen: list[str] = []
    event.listen(house.db.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    for address in (f"/q/{exam.qr}", f"/s/{exam.pickup}", "/s", "/"):
        app.test_client().get(address)
    assert seen == []


def failing_posts(house: Services, exam: Issued) -> dict[str, tuple[str, dict[str, str]]]:
    expired = issued(house, "A8")
    revoked = issued(house, "A9")
    revoke(house, "A9")
    clock_of(house).advance(31 * 86400)
    live = issued(house, "A10")
    return {
        "unknown": ("/q/" + "A" * 26, WRONG),
        "malformed": ("/q/nothing-of-ours", WRONG),
        "revoked": (f"/q/{revoked.qr}", {"factor": revoked.factor}),
        "wrong": (f"/q/{live.qr}", WRONG),
        "empty": (f"/q/{issued(house, 'A11').qr}", {}),
        "expired": (f"/s/{expired.pickup}", {"phone": expired.phone, "factor": expired.factor}),
        "unknown pick-up": ("/s", {"phone": "13911112222", "pickup_code": "ABCDEF", "factor": "0028"}),
    }


def test_every_failure_looks_alike_and_costs_alike(house: Services, app: Flask, exam: Issued) -> None:
    statements: list[str] = []
    event.listen(house.db.engine, "before_cursor_execute", lambda *args: statements.append(args[2].split(" WHERE")[0]))
    answers, costs = set(), {}
    for name, (address, form) in failing_posts(house, exam).items():
        statements.clear()
        answer = app.test_client().post(address, data=form, environ_base={"REMOTE_ADDR": f"10.0.0.{len(costs)}"})
        answers.add((answer.status_code, answer.data, tuple(sorted(answer.headers.items()))))
        costs[name] = tuple(statements)
    assert len(answers) == 1, [answer[0] for answer in answers]
    assert len(set(costs.values())) == 1, {name: len(cost) for name, cost in costs.items()}


def test_the_database_holds_no_code_and_the_audit_log_no_value(house: Services, app: Flask, exam: Issued) -> None:
    opened(app, exam)
    app.test_client().post(f"/q/{exam.qr}", data=WRONG)
    house.db.dispose()
    raw = b"".join(path.read_bytes() for path in house.settings.var_dir.glob("cloudfilm.db*"))
    for secret in (exam.qr, exam.phone, "李娜", "120101196001020027"):
        assert secret.encode() not in raw
    with house.db.read() as session:
        actions = [row.action for row in session.scalars(select(AuditEvent))]
        assert {"access.granted", "access.failed", "code.issued"} <= set(actions)
        assert house.audit.log.verify(session) == []
        assert session.scalar(select(func.count()).select_from(AccessAttempts)) > 0
