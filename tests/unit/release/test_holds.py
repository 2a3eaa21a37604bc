"""Holding an exam whose studies contradict it, lifting the hold, and what is told meanwhile."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from sqlalchemy import select

from app.bootstrap import Services
from app.errors import Conflict, InvalidInput, NotFound
from app.models import AuditEvent
from app.services.patient_access.verification import Attempt
from tests.factories.access import FACTOR
from tests.factories.house import clock_of, services
from tests.factories.telling import (
    exam_of,
    mark_prepared,
    messages,
    order,
    receive_study,
    register,
    report,
    states,
    sweep,
)

STRANGER = {"PatientName": "Wang^Jianguo=王^建国", "PatientSex": "M"}


@pytest.fixture
def house(tmp_path: Path) -> Services:
    return services(tmp_path)


def holding_events(house: Services) -> list[tuple[str, str]]:
    with house.db.read() as session:
        rows = session.scalars(
            select(AuditEvent).where(AuditEvent.action.startswith("exam.h")).order_by(AuditEvent.seq)
        )
        return [(row.action, row.actor) for row in rows]


def hold(house: Services, exam_id: uuid.UUID, reason: str) -> None:
    house.release.holds.withhold(exam_id, reason, "staff:a")


def test_a_study_of_another_person_holds_the_exam_that_shows_one_already(house: Services) -> None:
    register(house)
    mark_prepared(house)
    sweep(house)
    before = exam_of(house)
    assert before.held_at is None
    receive_study(house, **STRANGER)
    held = exam_of(house)
    assert held.held_at == house.clock.now()
    assert (held.held_reason, held.held_note) == ("contradicted", None)
    assert held.revision > before.revision
    assert holding_events(house) == [("exam.held", "system")]


def test_more_instances_of_the_stranger_hold_it_once(house: Services) -> None:
    register(house)
    receive_study(house, 3, **STRANGER)
    receive_study(house, **STRANGER)
    assert holding_events(house) == [("exam.held", "system")]


def test_a_study_that_waits_holds_its_exam_from_registration_on(house: Services) -> None:
    receive_study(house, **STRANGER)
    register(house)
    assert exam_of(house).held_at is not None


def test_a_correction_after_which_all_studies_match_lifts_the_hold(house: Services) -> None:
    exam_id = register(house, patient_name="王建国", patient_sex="M", patient_phone="13900000009")
    mark_prepared(house)
    report(house)
    sweep(house)
    assert exam_of(house).held_at is not None
    assert states(house, exam_id) == []
    register(house)
    assert (exam_of(house).held_at, exam_of(house).held_reason) == (None, None)
    assert holding_events(house) == [("exam.held", "system"), ("exam.hold_lifted", "system")]
    sweep(house)
    assert [message.phone for message in messages(house)] == ["+8613900000001"]


def test_a_correction_after_which_one_study_still_differs_lifts_nothing(house: Services) -> None:
    register(house, patient_name="赵六")
    receive_study(house)
    receive_study(house, **STRANGER)
    register(house)
    assert exam_of(house).held_at is not None


def test_a_human_lets_the_exam_go_and_the_stranger_never_comes_back(house: Services) -> None:
    exam_id = register(house)
    mark_prepared(house)
    stranger = receive_study(house, **STRANGER)
    house.release.holds.release_hold(exam_id, "两份检查号相同，已核对", "staff:a")
    assert exam_of(house).held_at is None
    assert holding_events(house) == [("exam.held", "system"), ("exam.hold_lifted", "staff:a")]
    with house.db.session() as session:
        assert house.audit.log.verify(session) == []
    # not even when the order turns out to be the stranger's
    register(house, patient_name="王建国", patient_sex="M")
    register(house)
    assert (order(house, stranger).match_state, order(house, stranger).exam_id) == ("detached", None)


def test_only_a_held_exam_is_let_go_by_somebody_who_says_why(house: Services) -> None:
    exam_id = register(house)
    with pytest.raises(Conflict):
        house.release.holds.release_hold(exam_id, "why not", "staff:a")
    receive_study(house, **STRANGER)
    for reason in ("", "  ", "x" * 201):
        with pytest.raises(InvalidInput):
            house.release.holds.release_hold(exam_id, reason, "staff:a")
    with pytest.raises(NotFound):
        house.release.holds.release_hold(uuid.uuid4(), "why not", "staff:a")
    assert exam_of(house).held_at is not None


def test_what_a_human_holds_no_correction_lifts(house: Services) -> None:
    exam_id = register(house)
    uid = receive_study(house)
    hold(house, exam_id, "患者来电说不是本人")
    register(house, patient_name="赵六")
    assert order(house, uid).match_state == "mismatch"
    register(house)
    assert order(house, uid).match_state == "matched"
    assert (exam_of(house).held_reason, exam_of(house).held_note) == ("by_staff", "患者来电说不是本人")
    house.release.holds.release_hold(exam_id, "已核对", "staff:b")
    assert exam_of(house).held_at is None


def test_a_humans_reason_takes_the_machines_place(house: Services) -> None:
    exam_id = register(house, patient_name="赵六")
    receive_study(house)
    hold(house, exam_id, "等待影像科")
    register(house)
    assert (exam_of(house).held_reason, exam_of(house).held_note) == ("by_staff", "等待影像科")


def test_news_that_waited_when_the_hold_came_is_told_once_after_it(house: Services) -> None:
    exam_id = register(house)
    mark_prepared(house)
    house.release.gate.release_due()
    assert states(house, exam_id) == [("images_ready", "sms", "pending")]
    receive_study(house, **STRANGER)
    sweep(house, seconds=3600)
    assert states(house, exam_id) == [("images_ready", "sms", "pending")]
    assert messages(house) == []
    house.release.holds.release_hold(exam_id, "已核对", "staff:a")
    sweep(house, seconds=60)
    assert states(house, exam_id) == [("images_ready", "sms", "accepted")]
    assert len(messages(house)) == 1


def test_a_patient_who_was_told_before_the_hold_is_not_told_again(house: Services) -> None:
    exam_id = register(house)
    mark_prepared(house)
    sweep(house)
    receive_study(house, **STRANGER)
    sweep(house, seconds=3600)
    house.release.holds.release_hold(exam_id, "已核对", "staff:a")
    sweep(house, seconds=3600)
    assert states(house, exam_id) == [("images_ready", "sms", "delivered")]
    assert len(messages(house)) == 1


def test_a_report_that_comes_during_the_hold_is_told_after_it(house: Services) -> None:
    exam_id = register(house)
    mark_prepared(house)
    sweep(house)
    receive_study(house, **STRANGER)
    clock_of(house).advance(60)
    report(house)
    sweep(house, seconds=60)
    assert len(messages(house)) == 1
    house.release.holds.release_hold(exam_id, "已核对", "staff:a")
    sweep(house, seconds=60)
    assert [event for event, _, _ in states(house, exam_id)] == ["images_ready", "report_ready"]


def test_news_whose_code_expired_during_a_long_hold_is_sent_with_a_new_one(tmp_path: Path) -> None:
    house = services(tmp_path, sms_family="T1")
    exam_id = register(house)
    mark_prepared(house)
    house.release.gate.release_due()
    receive_study(house, **STRANGER)
    clock_of(house).advance(31 * 86400)
    house.release.holds.release_hold(exam_id, "已核对", "staff:a")
    sweep(house)
    assert states(house, exam_id) == [("images_ready", "sms", "cancelled"), ("images_ready:2", "sms", "accepted")]


def test_a_one_time_code_is_sent_for_a_held_exam_too(house: Services) -> None:
    register(house)
    receive_study(house, **STRANGER)
    with house.db.session() as session:
        code = house.patient_access.codes.qr_code(session, exam_of(house))
    house.patient_access.one_time_codes.request(Attempt(code=code, address="127.0.0.1"))
    sweep(house)
    assert len(messages(house)) == 1
    opened = house.patient_access.verification.open_by_factor(Attempt(code=code, address="127.0.0.1"), FACTOR)
    assert house.patient_access.sessions.check(opened.session_id).held
