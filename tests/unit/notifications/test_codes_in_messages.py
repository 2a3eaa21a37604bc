"""The code in a message is the one on record, opens its exam and dies with its revocation."""

from __future__ import annotations

from pathlib import Path

from app.repos.exams import exams as exam_repo
from app.repos.notifications import outbox as repo
from app.services.patient_access.code_naming import Attempt
from tests.factories.access import FACTOR
from tests.factories.house import services
from tests.factories.telling import (
    messages,
    notifications,
    only_state,
    states,
    sweep,
    untold,
)


def test_the_code_in_the_message_is_the_one_on_record(tmp_path: Path) -> None:
    house = services(tmp_path, sms_family="T1")
    exam_id = untold(house)
    sweep(house)
    (row,) = notifications(house, exam_id)
    with house.db.read() as session:
        assert row.access_code_id is not None
        code = repo.access_code(session, row.access_code_id)
    assert code is not None
    assert house.patient_access.codes.code_of(code) in messages(house)[0].text


def test_the_message_opens_the_exam_with_phone_code_and_factor(tmp_path: Path) -> None:
    house = services(tmp_path, sms_family="T1")
    exam_id = untold(house)
    sweep(house)
    code = messages(house)[0].text.partition("取片码")[2][:6]
    opened = house.patient_access.verification.open_by_factor(Attempt(code, "10.0.0.1", phone="+8613900000001"), FACTOR)
    assert opened.exam_id == exam_id


def test_a_message_whose_code_was_revoked_is_not_sent(tmp_path: Path) -> None:
    house = services(tmp_path, sms_family="T1")
    exam_id = untold(house)
    with house.db.session() as session:
        exam = exam_repo.exam(session, exam_id)
        assert exam is not None
        house.patient_access.codes.revoke_all(session, exam, "staff:desk", "lost phone")
    sweep(house)
    assert only_state(house, exam_id) == "cancelled"
    assert messages(house) == []


def test_a_one_time_code_is_sent_and_opens_the_exam(tmp_path: Path) -> None:
    house = services(tmp_path, sms_family="T1")
    exam_id = untold(house)
    sweep(house)
    attempt = Attempt(messages(house)[0].text.partition("取片码")[2][:6], "10.0.0.1", phone="+8613900000001")
    house.patient_access.one_time_codes.request(attempt)
    sweep(house)
    code = messages(house)[1].text.partition("验证码是")[2][:6]
    assert house.patient_access.one_time_codes.open_by_one_time_code(attempt, code).exam_id == exam_id


def test_a_one_time_code_that_expired_while_waiting_is_not_sent(tmp_path: Path) -> None:
    house = services(tmp_path, sms_family="T1")
    exam_id = untold(house)
    sweep(house)
    attempt = Attempt(messages(house)[0].text.partition("取片码")[2][:6], "10.0.0.1", phone="+8613900000001")
    house.patient_access.one_time_codes.request(attempt)
    house.worker.run_job()
    sweep(house, seconds=601)
    assert states(house, exam_id)[1][2] == "cancelled"
    assert len(messages(house)) == 1
