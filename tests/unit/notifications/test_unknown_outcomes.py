"""A message of which nobody knows whether it arrived: asked after, then the desk's; never sent again by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from sms.sender import Accepted
from sms.templates import SmsMessage
from tests.factories.carriers import Busy, with_carrier
from tests.factories.house import services
from tests.factories.telling import (
    deliver_receipts,
    messages,
    notifications,
    only_state,
    sweep,
    untold,
)


@pytest.mark.parametrize("last", ["4", "7"])
def test_an_unknown_outcome_is_settled_by_a_late_receipt_and_never_sent_again(tmp_path: Path, last: str) -> None:
    house = services(tmp_path)
    exam_id = untold(house, f"1700000000{last}")
    sweep(house)
    deliver_receipts(house)
    assert only_state(house, exam_id) == "delivered"
    sweep(house, seconds=86_400)
    assert len(messages(house, f"+861700000000{last}")) == 1


@pytest.mark.parametrize("last", ["4", "7"])
def test_an_unknown_outcome_is_settled_by_asking_the_carrier(tmp_path: Path, last: str) -> None:
    house = services(tmp_path)
    exam_id = untold(house, f"1700000000{last}")
    sweep(house)
    sweep(house, seconds=31)
    assert only_state(house, exam_id) == "delivered"
    assert len(messages(house, f"+861700000000{last}")) == 1


def test_an_unknown_outcome_nobody_can_settle_goes_to_the_desk_after_ten_minutes(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = untold(house, "17000000005")
    sweep(house)
    for _ in range(19):
        sweep(house, seconds=31)
    assert only_state(house, exam_id) == "unknown"
    sweep(house, seconds=31)
    assert only_state(house, exam_id) == "desk"
    assert [view.exam_id for view in house.desk.messages.to_be_settled().rows] == [exam_id]
    sweep(house, seconds=86_400)
    assert messages(house, "+8617000000005") == []


def test_an_accepted_message_without_receipt_is_asked_for(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = untold(house)
    sweep(house)
    sweep(house, seconds=14 * 60)
    assert only_state(house, exam_id) == "accepted"
    sweep(house, seconds=2 * 60)
    assert only_state(house, exam_id) == "delivered"


def test_an_accepted_message_nobody_reports_on_stays_accepted(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = untold(house, "17000000008")
    for _ in range(20):
        sweep(house, seconds=6 * 3600)
    assert only_state(house, exam_id) == "accepted"
    assert len(messages(house, "+8617000000008")) == 1


class Broken(Busy):
    """Fails in a way nobody foresaw, perhaps after sending."""

    def send(self, phone: str, message: SmsMessage, session_context: str) -> Accepted:
        self.calls += 1
        raise RuntimeError(phone)


def test_a_fault_of_ours_while_sending_is_unknown_and_not_sent_again(tmp_path: Path) -> None:
    broken = Broken()
    house = with_carrier(services(tmp_path), broken)
    exam_id = untold(house)
    for _ in range(5):
        sweep(house, seconds=301)
    assert broken.calls == 1
    assert only_state(house, exam_id) in ("unknown", "desk")
    assert "139" not in str(notifications(house, exam_id)[0].failure_code)


def test_a_worker_that_died_while_sending_leaves_an_unknown_outcome(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = untold(house)
    (row,) = notifications(house, exam_id)
    assert house.notifications.sending._claim(row.id, set())
    sweep(house, seconds=119)
    assert only_state(house, exam_id) == "sending"
    sweep(house, seconds=2)
    assert only_state(house, exam_id) == "unknown"
    sweep(house, seconds=601)
    assert only_state(house, exam_id) == "desk"
    assert messages(house) == []


def test_an_answer_that_comes_after_the_worker_was_given_up_still_counts(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = untold(house)
    (row,) = notifications(house, exam_id)
    notify = house.notifications.sending
    parcel = notify._claim(row.id, set())
    assert parcel is not None
    sweep(house, seconds=121)
    notify.record(parcel.row, parcel.hand_over())
    assert only_state(house, exam_id) == "accepted"
