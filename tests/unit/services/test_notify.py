"""Sending: claim, hand over, record. The carrier's magic numbers give the outcomes."""

from __future__ import annotations

import threading
import uuid
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.bootstrap import Services
from app.errors import Conflict, DatabaseUnavailable, InvalidInput, TooManyAttempts
from app.models import Notification
from app.repos import audit
from app.repos import exams as exam_repo
from app.repos import notifications as repo
from app.services.code_naming import Attempt
from app.services.messages import Messages
from sms.errors import SmsRetryLater
from sms.sender import Accepted, DeliveryReceipt, SmsSender
from sms.templates import SmsMessage
from tests.factories.access import FACTOR
from tests.factories.house import clock_of, services
from tests.factories.leaks import leaks
from tests.factories.telling import (
    deliver_receipts,
    follow,
    mark_prepared,
    messages,
    notifications,
    register,
    report,
    states,
    sweep,
)


def released(house: Services, phone: str = "13900000001") -> uuid.UUID:
    exam_id = register(house, patient_phone=phone)
    mark_prepared(house)
    house.worker.work.release.release_due()
    return exam_id


def only_state(house: Services, exam_id: uuid.UUID) -> str:
    ((_, _, state),) = states(house, exam_id)
    return state


def test_a_message_goes_from_pending_to_delivered(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = released(house)
    sweep(house, seconds=1)
    clock_of(house).advance(1)
    deliver_receipts(house)
    (view,) = house.outbox.history(exam_id)
    assert [step.state for step in view.history[:1] + view.history[-1:]] == ["pending", "delivered"]
    assert sorted(step.state for step in view.history) == ["accepted", "delivered", "pending", "sending"]
    assert (view.recipient, view.segments) == ("139****0001", 1)


def test_the_code_in_the_message_is_the_one_on_record(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = released(house)
    sweep(house)
    (row,) = notifications(house, exam_id)
    with house.db.read() as session:
        assert row.share_code_id is not None
        code = repo.share_code(session, row.share_code_id)
    assert code is not None
    assert house.access_codes.code_of(code) in messages(house)[0].text


def test_the_message_opens_the_exam_with_phone_code_and_factor(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = released(house)
    sweep(house)
    code = messages(house)[0].text.partition("取片码")[2][:6]
    opened = house.verification.open_by_factor(Attempt(code, "10.0.0.1", phone="+8613900000001"), FACTOR)
    assert opened.exam_id == exam_id


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
    exam_id = released(house, f"1700000000{last}")
    sweep(house)
    assert only_state(house, exam_id) == state
    assert notifications(house, exam_id)[0].failure_code == code


def test_a_failing_receipt_makes_the_message_failed(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = released(house, "17000000001")
    sweep(house)
    deliver_receipts(house)
    assert only_state(house, exam_id) == "failed"
    assert notifications(house, exam_id)[0].failure_code == "UNDELIV"


@pytest.mark.parametrize("last", ["4", "7"])
def test_an_unknown_outcome_is_settled_by_a_late_receipt_and_never_sent_again(tmp_path: Path, last: str) -> None:
    house = services(tmp_path)
    exam_id = released(house, f"1700000000{last}")
    sweep(house)
    deliver_receipts(house)
    assert only_state(house, exam_id) == "delivered"
    sweep(house, seconds=86_400)
    assert len(messages(house, f"+861700000000{last}")) == 1


@pytest.mark.parametrize("last", ["4", "7"])
def test_an_unknown_outcome_is_settled_by_asking_the_carrier(tmp_path: Path, last: str) -> None:
    house = services(tmp_path)
    exam_id = released(house, f"1700000000{last}")
    sweep(house)
    sweep(house, seconds=31)
    assert only_state(house, exam_id) == "delivered"
    assert len(messages(house, f"+861700000000{last}")) == 1


def test_an_unknown_outcome_nobody_can_settle_goes_to_the_desk_after_ten_minutes(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = released(house, "17000000005")
    sweep(house)
    for _ in range(19):
        sweep(house, seconds=31)
    assert only_state(house, exam_id) == "unknown"
    sweep(house, seconds=31)
    assert only_state(house, exam_id) == "desk"
    assert [view.exam_id for view in house.outbox.at_the_desk()] == [exam_id]
    sweep(house, seconds=86_400)
    assert messages(house, "+8617000000005") == []


def test_an_accepted_message_without_receipt_is_asked_for(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = released(house)
    sweep(house)
    sweep(house, seconds=14 * 60)
    assert only_state(house, exam_id) == "accepted"
    sweep(house, seconds=2 * 60)
    assert only_state(house, exam_id) == "delivered"


def test_an_accepted_message_nobody_reports_on_stays_accepted(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = released(house, "17000000008")
    for _ in range(20):
        sweep(house, seconds=6 * 3600)
    assert only_state(house, exam_id) == "accepted"
    assert len(messages(house, "+8617000000008")) == 1


def test_a_temporary_refusal_is_tried_again_after_a_pause(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = released(house, "17000000006")
    sweep(house)
    assert only_state(house, exam_id) == "pending"
    sweep(house, seconds=29)
    assert notifications(house, exam_id)[0].attempts == 1
    sweep(house, seconds=2)
    assert only_state(house, exam_id) == "accepted"
    assert len(messages(house, "+8617000000006")) == 1


class Busy:
    """A carrier that always asks to come back."""

    calls = 0
    answer = SmsRetryLater("RequestLimitExceeded", "too many calls", after_s=1)

    def send(self, phone: str, message: SmsMessage, session_context: str) -> Accepted:
        self.calls += 1
        raise self.answer

    def receipts(self, *_: object) -> list[None]:
        return []


def with_carrier(house: Services, carrier: SmsSender | object) -> Services:
    """The same house on another carrier."""
    work = house.worker.work
    notify = replace(work.notify, sms=carrier)
    return replace(house, worker=replace(house.worker, work=replace(work, notify=notify)))


class Away(Busy):
    """A carrier that no connection reaches."""

    answer = SmsRetryLater("no connection", "the carrier cannot be reached")


@pytest.mark.parametrize("carrier", [Busy, Away])
def test_a_message_outlives_an_outage_of_two_days_with_capped_pauses(tmp_path: Path, carrier: type[Busy]) -> None:
    house = services(tmp_path)
    away = carrier()
    without = with_carrier(house, away)
    exam_id = released(house)
    for _ in range(2 * 24 * 6):
        sweep(without, seconds=600)
    assert only_state(house, exam_id) == "pending"
    assert 40 < away.calls < 60
    sweep(house, seconds=3601)
    assert only_state(house, exam_id) == "accepted"
    assert len(messages(house)) == 1


def test_after_three_days_of_outage_the_desk_decides_and_nothing_is_sent_any_more(tmp_path: Path) -> None:
    house = services(tmp_path)
    without = with_carrier(house, Away())
    exam_id = released(house)
    for _ in range(3 * 24 + 2):
        sweep(without, seconds=3601)
    (view,) = house.outbox.at_the_desk()
    assert (view.exam_id, view.history[-1].detail) == (exam_id, "not sent within three days")
    sweep(house, seconds=3601)
    assert messages(house) == []


def test_a_message_that_waited_long_for_its_hold_has_three_days_from_its_first_try(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = released(house)
    clock_of(house).advance(10 * 86_400)
    sweep(with_carrier(house, Away()))
    assert only_state(house, exam_id) == "pending"


def test_a_receipt_of_another_message_settles_none_that_was_never_sent(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = released(house)
    sweep(with_carrier(house, Away()))
    for _ in range(3 * 24 + 2):
        sweep(with_carrier(house, Away()), seconds=3601)
    house.receipts.take([DeliveryReceipt("2640:1", "+8613900000001", delivered=True, code="DELIVRD")])
    assert only_state(house, exam_id) == "desk"


def test_a_used_up_quota_of_notices_is_waited_for(tmp_path: Path) -> None:
    house = services(tmp_path, wechat_notices="simulated")
    exam_id = register(house)
    follow(house, exam_id, "magic-quota")
    mark_prepared(house)
    for _ in range(24):
        sweep(house, seconds=3601)
    assert {channel: found for _, channel, found in states(house, exam_id)} == {"sms": "delivered", "wechat": "pending"}


def spoil(house: Services, exam_id: uuid.UUID, **values: Any) -> uuid.UUID:
    """Change the exam's message as no code of ours would; its id."""
    (row,) = notifications(house, exam_id)
    with house.db.session() as session:
        repo.change(session, row.id, (row.state,), None, values)
    return row.id


def two_released(house: Services) -> tuple[uuid.UUID, uuid.UUID]:
    first = released(house)
    clock_of(house).advance(1)
    second = register(house, "A2")
    mark_prepared(house, "A2")
    house.worker.work.release.release_due()
    return first, second


def test_a_message_whose_template_is_gone_fails_visibly_and_the_others_go_on(tmp_path: Path) -> None:
    house = services(tmp_path)
    first, second = two_released(house)
    spoil(house, first, template="gone_t9")
    sweep(house)
    assert (only_state(house, first), only_state(house, second)) == ("failed", "accepted")


def test_a_message_nobody_foresaw_waits_ever_longer_then_goes_to_the_desk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = services(tmp_path)
    first, second = two_released(house)
    (row,) = notifications(house, first)
    seen = 0
    sound = Messages.sms

    def unsound(self: Messages, session: Session, asked: Notification) -> SmsMessage:
        nonlocal seen
        if asked.id == row.id:
            seen += 1
            raise KeyError("K7M2QX")
        return sound(self, session, asked)

    monkeypatch.setattr(Messages, "sms", unsound)
    sweep(house)
    assert (only_state(house, first), only_state(house, second), seen) == ("pending", "accepted", 1)
    for _ in range(3 * 24 * 6 + 7):
        sweep(house, seconds=601)
    assert only_state(house, first) == "desk"
    assert 60 < seen < 90


def test_a_database_that_is_away_ends_the_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    house = services(tmp_path)
    two_released(house)
    calls = 0

    def away(*_: object) -> SmsMessage:
        nonlocal calls
        calls += 1
        raise DatabaseUnavailable

    monkeypatch.setattr(Messages, "sms", away)
    with pytest.raises(DatabaseUnavailable):
        house.worker.work.notify.send_due()
    assert calls == 1


def test_a_silent_message_that_cannot_be_read_is_unknown_and_holds_up_no_other(tmp_path: Path) -> None:
    house = services(tmp_path)
    ids = two_released(house)
    for exam_id in ids:
        (row,) = notifications(house, exam_id)
        assert house.worker.work.notify._claim(row.id)
    spoil(house, ids[0], recipient_sealed=b"broken")
    for seconds in (121, 700):
        sweep(house, seconds=seconds)
    assert [only_state(house, exam_id) for exam_id in ids] == ["desk", "desk"]


class Broken(Busy):
    """Fails in a way nobody foresaw, perhaps after sending."""

    def send(self, phone: str, message: SmsMessage, session_context: str) -> Accepted:
        self.calls += 1
        raise RuntimeError(phone)


def test_a_fault_of_ours_while_sending_is_unknown_and_not_sent_again(tmp_path: Path) -> None:
    broken = Broken()
    house = with_carrier(services(tmp_path), broken)
    exam_id = released(house)
    for _ in range(5):
        sweep(house, seconds=301)
    assert broken.calls == 1
    assert only_state(house, exam_id) in ("unknown", "desk")
    assert "139" not in str(notifications(house, exam_id)[0].failure_code)


def test_two_workers_send_one_message(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = released(house)
    (row,) = notifications(house, exam_id)
    notify = house.worker.work.notify
    first, second = notify._claim(row.id), notify._claim(row.id)
    assert (first is not None, second) == (True, None)


def test_a_worker_that_died_while_sending_leaves_an_unknown_outcome(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = released(house)
    (row,) = notifications(house, exam_id)
    assert house.worker.work.notify._claim(row.id)
    sweep(house, seconds=119)
    assert only_state(house, exam_id) == "sending"
    sweep(house, seconds=2)
    assert only_state(house, exam_id) == "unknown"
    sweep(house, seconds=601)
    assert only_state(house, exam_id) == "desk"
    assert messages(house) == []


def test_an_answer_that_comes_after_the_worker_was_given_up_still_counts(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = released(house)
    (row,) = notifications(house, exam_id)
    notify = house.worker.work.notify
    parcel = notify._claim(row.id)
    assert parcel is not None
    sweep(house, seconds=121)
    notify._record_acceptance(parcel.row, *parcel.hand_over())
    assert only_state(house, exam_id) == "accepted"


def test_a_message_whose_code_was_revoked_is_not_sent(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = released(house)
    with house.db.session() as session:
        exam = exam_repo.exam(session, exam_id)
        assert exam is not None
        house.access_codes.revoke_all(session, exam, "staff:desk", "lost phone")
    sweep(house)
    assert only_state(house, exam_id) == "cancelled"
    assert messages(house) == []


def test_a_one_time_code_is_sent_and_opens_the_exam(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = released(house)
    sweep(house)
    attempt = Attempt(messages(house)[0].text.partition("取片码")[2][:6], "10.0.0.1", phone="+8613900000001")
    house.verification.request_one_time_code(attempt)
    sweep(house)
    code = messages(house)[1].text.partition("验证码是")[2][:6]
    assert house.verification.open_by_one_time_code(attempt, code).exam_id == exam_id


def test_a_one_time_code_that_expired_while_waiting_is_not_sent(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = released(house)
    sweep(house)
    attempt = Attempt(messages(house)[0].text.partition("取片码")[2][:6], "10.0.0.1", phone="+8613900000001")
    house.verification.request_one_time_code(attempt)
    house.worker.run_job()
    sweep(house, seconds=601)
    assert states(house, exam_id)[1][2] == "cancelled"
    assert len(messages(house)) == 1


@pytest.mark.parametrize("with_report", [False, True])
def test_staff_send_the_news_again_with_a_new_code(tmp_path: Path, with_report: bool) -> None:
    house = services(tmp_path)
    exam_id = released(house)
    sweep(house)
    clock_of(house).advance(60)
    if with_report:
        report(house)
    house.outbox.resend(exam_id, "手机丢失", "staff:desk")
    sweep(house)
    texts = [message.text for message in messages(house)]
    assert len(set(texts)) == len(texts) == 2 + with_report
    assert ("影像和报告" in texts[-1] or "影像和报告" in texts[-2]) is with_report


def test_a_resend_needs_a_reason_a_released_exam_and_patience(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = register(house)
    with pytest.raises(Conflict):
        house.outbox.resend(exam_id, "reason", "staff:desk")
    mark_prepared(house)
    sweep(house)
    with pytest.raises(InvalidInput):
        house.outbox.resend(exam_id, "  ", "staff:desk")
    for _ in range(3):
        house.outbox.resend(exam_id, "reason", "staff:desk")
    with pytest.raises(TooManyAttempts):
        house.outbox.resend(exam_id, "reason", "staff:desk")
    clock_of(house).advance(timedelta(hours=1).total_seconds() + 1)
    house.outbox.resend(exam_id, "reason", "staff:desk")
    assert [event for event, _, _ in states(house, exam_id)] == [
        "images_ready", "resend:1", "resend:2", "resend:3", "resend:4",
    ]  # fmt: skip


def test_a_resend_wakes_the_worker(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = released(house)
    woken = threading.Event()
    replace(house.outbox, wake=woken.set).resend(exam_id, "reason", "staff:desk")
    assert woken.is_set()


def test_a_follower_gets_a_notice_beside_the_text_message(tmp_path: Path) -> None:
    house = services(tmp_path, wechat_notices="simulated")
    exam_id = register(house)
    openid = follow(house, exam_id)
    mark_prepared(house)
    sweep(house)
    assert sorted(channel for _, channel, _ in states(house, exam_id)) == ["sms", "wechat"]
    assert house.simulation.wechat is not None
    (notice,) = house.simulation.wechat.notices(openid)
    code = notice.url.rpartition("/s/")[2]
    opened = house.verification.open_by_factor(Attempt(code, "10.0.0.1"), FACTOR)
    assert opened.exam_id == exam_id
    assert dict(notice.fields)["检查时间"] == "2026-03-02 08:30"


@pytest.mark.parametrize(
    ("openid", "state"),
    [
        ("magic-refuses-notices", "failed"),
        ("magic-busy", "pending"),
        ("magic-taken-unanswered", "unknown"),
    ],
)
def test_a_notice_that_fails_never_holds_up_the_text_message(tmp_path: Path, openid: str, state: str) -> None:
    house = services(tmp_path, wechat_notices="simulated")
    exam_id = register(house)
    follow(house, exam_id, openid)
    mark_prepared(house)
    sweep(house)
    assert {channel: found for _, channel, found in states(house, exam_id)} == {"sms": "accepted", "wechat": state}


def test_nothing_personal_is_in_the_audit_log_of_messages(tmp_path: Path) -> None:
    house = services(tmp_path)
    released(house)
    sweep(house)
    deliver_receipts(house)
    code = messages(house)[0].text.partition("取片码")[2][:6]
    with house.db.read() as session:
        written = " ".join(f"{event.actor} {event.subject} {event.detail}" for event in audit.in_order(session))
    assert leaks(("13900000001", code, "李娜"), written) == []
