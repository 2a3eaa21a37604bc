"""Messages that failed: seen on the console, queued again all at once when the cause is mended, each once."""

from __future__ import annotations

import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from app.bootstrap import Services
from app.models import AuditEvent, Notification
from app.repos.notifications import outbox as repo
from sms.errors import SmsRefused, SmsRetryLater
from sms.sender import Accepted
from tests.factories.carriers import with_carrier
from tests.factories.house import clock_of, services
from tests.factories.staff import console
from tests.factories.telling import (
    deliver_receipts,
    mark_prepared,
    messages,
    notifications,
    register,
    states,
    sweep,
)

PAGE = "/staff/messages"


@pytest.fixture
def house(tmp_path: Path) -> Services:
    """Its messages carry codes."""
    return services(tmp_path, sms_family="T1")


BALANCE = SmsRefused("FailedOperation.InsufficientBalanceInSmsPackage", "1031", alarm=True)
REFUSED = SmsRefused("FailedOperation.PhoneNumberInBlacklist", "1015")


class Refusing:
    def __init__(self, error: Exception) -> None:
        self.error = error

    def send(self, *_: object) -> Accepted:
        raise self.error

    def receipts(self, *_: object) -> list[None]:
        return []


def on(house: Services, error: Exception) -> Services:
    """The same house on a carrier that answers so."""
    return with_carrier(house, Refusing(error))


def phone_of(number: int) -> str:
    return f"1390000{number:04}"


def failed(house: Services, count: int = 1, error: Exception = BALANCE) -> list[uuid.UUID]:
    """Exams whose messages fail with `error`."""
    ids = []
    for number in range(1, count + 1):
        ids.append(register(house, f"A{number}", patient_id=f"P{number}", patient_phone=phone_of(number)))
        mark_prepared(house, f"A{number}", PatientID=f"P{number}")
    sweep(on(house, error))
    assert [state for exam_id in ids for _, _, state in states(house, exam_id)] == ["failed"] * count
    return ids


@pytest.mark.parametrize("role", ["desk", "system_admin"])
def test_all_that_failed_for_an_alarm_are_queued_again_in_one_step_and_arrive_once(
    house: Services, app: Flask, role: str
) -> None:
    ids = failed(house, 3)
    staff = console(app, house, role)
    page = staff.get(PAGE).text
    assert page.count("短信套餐余额不足") == 3
    assert "有 3 条" in page
    assert staff.post(f"{PAGE}/queue-again", PAGE, reason="  ").status_code == 400
    for _ in range(2):  # pressed twice
        assert staff.post(f"{PAGE}/queue-again", PAGE, reason="套餐已充值").status_code == 303
    sweep(house)
    assert [len(messages(house, f"+86{phone_of(number)}")) for number in (1, 2, 3)] == [1, 1, 1]
    assert [len(states(house, exam_id)) for exam_id in ids] == [1, 1, 1]
    assert "没有发送失败的通知" in staff.get(PAGE).text
    with house.db.read() as session:
        query = select(AuditEvent).where(AuditEvent.action == "staff.queued_again")
        said = [(event.subject, event.detail["note"]) for event in session.scalars(query)]
    assert sorted(said) == sorted((f"exam:{exam_id.hex}", "套餐已充值") for exam_id in ids)
    deliver_receipts(house)
    assert [state for exam_id in ids for _, _, state in states(house, exam_id)] == ["delivered"] * 3


def test_what_fails_again_comes_back_to_the_list_and_may_be_queued_again(house: Services) -> None:
    (exam_id,) = failed(house)
    for _ in range(2):
        assert house.desk.failed_messages.queue_again("套餐已充值", "staff:a") == 1
        sweep(on(house, BALANCE))
    assert [view.exam_id for view in house.desk.failed_messages.newest().rows] == [exam_id]
    assert house.desk.failed_messages.queue_again("套餐已充值", "staff:a") == 1
    sweep(house)
    assert len(messages(house)) == 1


def test_a_refusal_of_one_phone_is_shown_and_not_queued_again(house: Services, app: Flask) -> None:
    failed(house, error=REFUSED)
    page = console(app, house).get(PAGE).text
    assert "机主拒收" in page
    assert "queue-again" not in page
    assert house.desk.failed_messages.queue_again("reason", "staff:a") == 0


def test_a_patient_who_was_told_by_another_message_is_not_in_the_list(house: Services) -> None:
    (exam_id,) = failed(house)
    clock_of(house).advance(1)
    house.desk.messages.resend(exam_id, "reason", "staff:a")
    assert house.desk.failed_messages.newest().rows == ()
    assert house.desk.failed_messages.queue_again("reason", "staff:a") == 0


def test_a_resend_that_failed_too_stands_for_all_before_it(house: Services) -> None:
    (exam_id,) = failed(house)
    clock_of(house).advance(1)
    house.desk.messages.resend(exam_id, "reason", "staff:a")
    sweep(on(house, BALANCE))
    assert [view.kind for view in house.desk.failed_messages.newest().rows] == ["resend"]
    house.desk.failed_messages.queue_again("reason", "staff:a")
    sweep(house)
    assert len(messages(house)) == 1


def test_an_outage_of_days_is_queued_again_too_but_never_an_unknown_outcome(house: Services) -> None:
    away = on(house, SmsRetryLater("no connection", "the carrier cannot be reached"))
    lost = register(house)
    mark_prepared(house)
    for _ in range(74):
        sweep(away, seconds=3601)
    unknown = register(house, "A2", patient_id="P2", patient_phone="17000000005")
    mark_prepared(house, "A2", PatientID="P2")
    sweep(house)
    sweep(house, seconds=601)
    assert [states(house, exam_id)[0][2] for exam_id in (lost, unknown)] == ["desk", "desk"]
    assert house.desk.failed_messages.queue_again("线路已恢复", "staff:a") == 1
    sweep(house)
    assert [states(house, exam_id)[0][2] for exam_id in (lost, unknown)] == ["accepted", "desk"]


def test_a_message_whose_code_expired_or_whose_exam_was_withdrawn_is_not_queued_again(house: Services) -> None:
    first, second = failed(house, 2)
    with house.db.session() as session:
        code = repo.access_code(session, notifications(house, first)[0].access_code_id or first)
        assert code is not None
        code.expires_at = house.clock.now()
    register(house, "A2", patient_id="P9")
    assert states(house, second)[0][2] == "failed"
    assert house.desk.failed_messages.queue_again("reason", "staff:a") == 0
    assert [view.exam_id for view in house.desk.failed_messages.newest().rows] == [first]


def test_the_newest_are_shown_first_those_of_former_months_not_at_all(house: Services) -> None:
    first, second = failed(house, 2)
    with house.db.session() as session:
        row = session.get(Notification, notifications(house, first)[0].id)
        assert row is not None
        row.created_at += timedelta(seconds=1)
    assert [view.exam_id for view in house.desk.failed_messages.newest().rows] == [first, second]
    clock_of(house).advance(31 * 86_400)
    assert house.desk.failed_messages.newest().rows == ()
