"""A one-time code that was asked for: alike for every code, sent once, outlived by nothing."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import event, func, select

from app.bootstrap import Services
from app.models import Job, OneTimeCode
from app.repos.exams import exams as exam_repo
from app.services.patient_access.one_time_codes import ONE_TIME_REQUEST
from tests.factories.access import issued, pick_up, post
from tests.factories.telling import messages, sweep


def test_asking_for_a_one_time_code_costs_the_same_for_every_code(house: Services, app: Flask) -> None:
    live, bare = issued(house, "A1"), issued(house, "A2", patient_phone=None, patient_id="P2")
    revoked = issued(house, "A3")
    with house.db.session() as session:
        row = exam_repo.exam_by_accession(session, "A3")
        assert row is not None
        house.patient_access.codes.revoke_all(session, row, "staff:a", "lost")
    asked = {"action": "send_code"}
    used_up = issued(house, "A4", patient_id="P4")
    for _ in range(3):
        post(app, f"/q/{used_up.qr}", asked)
        sweep(house)
    statements: list[str] = []
    event.listen(house.db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    answers, costs = set(), set()
    for code in (live.qr, bare.qr, revoked.qr, used_up.qr, "A" * 26, "nothing-of-ours"):
        statements.clear()
        answer = post(app, f"/q/{code}", asked)
        answers.add((answer.status_code, answer.data, tuple(answer.headers.items())))
        costs.add(tuple(statements))
    for code in (live.pickup, "ZZZZZZ"):
        answer = post(app, "/s", pick_up(code, action="send_code"))
        assert answer.status_code == 200
    assert len(answers) == 1
    assert len(costs) == 1


def test_a_request_that_a_worker_answers_twice_sends_one_code(house: Services, app: Flask) -> None:
    exam = issued(house)
    post(app, f"/q/{exam.qr}", {"action": "send_code"})
    with house.db.read() as session:
        key = session.scalars(select(Job.key).where(Job.kind == ONE_TIME_REQUEST)).one()
    house.patient_access.one_time_codes.answer(key)
    sweep(house)
    assert len(messages(house)) == 1
    with house.db.read() as session:
        assert session.scalar(select(func.count()).select_from(OneTimeCode)) == 1


def test_a_request_nobody_answered_for_ten_minutes_is_dropped(house: Services, app: Flask) -> None:
    exam = issued(house)
    post(app, f"/q/{exam.qr}", {"action": "send_code"})
    sweep(house, seconds=601)
    assert messages(house) == []


def test_a_request_does_not_stand_behind_a_large_study(house: Services, app: Flask) -> None:
    exam = issued(house)
    with house.db.session() as session:
        house.queue.enqueue(session, "prepare_study", "0" * 32 + ":1")
    post(app, f"/q/{exam.qr}", {"action": "send_code"})
    assert house.worker.run_sweeps()
    with house.db.read() as session:
        assert session.scalar(select(func.count()).select_from(OneTimeCode)) == 1
