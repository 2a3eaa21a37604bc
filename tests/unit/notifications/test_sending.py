"""Sending: claim, hand over, record. The carrier's magic numbers give the outcomes."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.repos.audit import log
from tests.factories.house import clock_of, services
from tests.factories.leaks import leaks
from tests.factories.telling import (
    deliver_receipts,
    messages,
    notifications,
    only_state,
    sweep,
    untold,
)


def test_a_message_goes_from_pending_to_delivered(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = untold(house)
    sweep(house, seconds=1)
    clock_of(house).advance(1)
    deliver_receipts(house)
    (view,) = house.desk.messages.history(exam_id)
    assert [step.state for step in view.history[:1] + view.history[-1:]] == ["pending", "delivered"]
    assert sorted(step.state for step in view.history) == ["accepted", "delivered", "pending", "sending"]
    assert (view.recipient, view.segments) == ("139****0001", 1)


@pytest.mark.parametrize(
    ("last", "state", "code"),
    [
        ("2", "failed", "FailedOperation.PhoneNumberInBlacklist"),
        ("3", "failed", "InvalidParameterValue.IncorrectPhoneNumber"),
        ("4", "unknown", "InternalError.SendAndRecvFail"),
        ("5", "unknown", "InternalError.SendAndRecvFail"),
        ("7", "unknown", "ClientNetworkError"),
        ("9", "failed", "FailedOperation.InsufficientBalanceInSmsPackage"),
    ],
)
def test_an_outcome_is_recorded_as_what_it_is(tmp_path: Path, last: str, state: str, code: str) -> None:
    house = services(tmp_path)
    exam_id = untold(house, f"1700000000{last}")
    sweep(house)
    assert only_state(house, exam_id) == state
    assert notifications(house, exam_id)[0].failure_code == code


def test_a_failing_receipt_makes_the_message_failed(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = untold(house, "17000000001")
    sweep(house)
    deliver_receipts(house)
    assert only_state(house, exam_id) == "failed"
    assert notifications(house, exam_id)[0].failure_code == "UNDELIV"


def test_two_workers_send_one_message(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = untold(house)
    (row,) = notifications(house, exam_id)
    notify = house.notifications.sending
    first, second = notify._claim(row.id, set()), notify._claim(row.id, set())
    assert (first is not None, second) == (True, None)


def test_nothing_personal_is_in_the_audit_log_of_messages(tmp_path: Path) -> None:
    house = services(tmp_path, sms_family="T1")
    untold(house)
    sweep(house)
    deliver_receipts(house)
    code = messages(house)[0].text.partition("取片码")[2][:6]
    with house.db.read() as session:
        written = " ".join(f"{event.actor} {event.subject} {event.detail}" for event in log.in_order(session))
    assert leaks(("13900000001", code, "李娜"), written) == []
