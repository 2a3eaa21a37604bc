"""The simulated carrier in the same process, and the phones' memory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from app.clock import FrozenClock
from sms.errors import SmsRefused, SmsRetryLater, SmsUnknown
from sms.simulator.inbox import PhoneInbox
from sms.simulator.rules import FrequencyLimits
from tests.factories.carriers import NOON, PHONE, SIGNATURE, carrier, ready, verification


class Hook:
    """Stands for the hospital's hook: remembers what was posted, answers as told."""

    def __init__(self, *, answers: bool = True) -> None:
        self.answers = answers
        self.items: list[Mapping[str, str]] = []

    def __call__(self, items: Sequence[Mapping[str, str]]) -> bool:
        self.items.extend(items)
        return self.answers


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOON)


def test_an_accepted_message_is_on_the_phone_and_survives_a_restart(tmp_path: Path, clock: FrozenClock) -> None:
    accepted = carrier(tmp_path, clock).send(PHONE, ready(), "n1")
    (message,) = PhoneInbox(tmp_path / "carrier.db").messages(PHONE)
    assert accepted.segments == 1
    assert message.text == ready().text
    assert (message.sender, message.at) == (SIGNATURE, NOON)


def test_another_process_reads_the_phone(tmp_path: Path, clock: FrozenClock) -> None:
    carrier(tmp_path, clock).send(PHONE, ready(), "n1")
    script = (
        "import sys, pathlib; from sms.simulator.inbox import PhoneInbox; "
        "print(*PhoneInbox(pathlib.Path(sys.argv[1])).phones())"
    )
    output = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "carrier.db")], capture_output=True, text=True, check=True
    )
    assert output.stdout.split() == [PHONE]


def test_a_receipt_is_pushed_once_in_the_vendors_format(tmp_path: Path, clock: FrozenClock) -> None:
    simulated, hook = carrier(tmp_path, clock), Hook()
    serial = simulated.send(PHONE, ready(), "n1").serial
    assert simulated.push_receipts(hook) == 1
    assert simulated.push_receipts(hook) == 0
    assert hook.items == [
        {
            "user_receive_time": "2026-03-02 12:00:00",
            "nationcode": "86",
            "mobile": "13900000001",
            "report_status": "SUCCESS",
            "errmsg": "DELIVRD",
            "description": "用户短信送达成功",
            "sid": serial,
        }
    ]


def test_a_receipt_that_is_not_taken_is_pushed_three_times_in_all(tmp_path: Path, clock: FrozenClock) -> None:
    simulated, hook = carrier(tmp_path, clock), Hook(answers=False)
    simulated.send(PHONE, ready(), "n1")
    for _ in range(5):
        simulated.push_receipts(hook)
    assert len(hook.items) == 3


def test_receipts_are_pulled_by_phone_and_time(tmp_path: Path, clock: FrozenClock) -> None:
    simulated = carrier(tmp_path, clock)
    serial = simulated.send(PHONE, ready(), "n1").serial
    (receipt,) = simulated.receipts(PHONE, NOON - timedelta(minutes=1), NOON + timedelta(minutes=1))
    assert (receipt.serial, receipt.delivered, receipt.session_context) == (serial, True, "n1")
    assert simulated.receipts(PHONE, NOON + timedelta(minutes=1), NOON + timedelta(minutes=2)) == []


@pytest.mark.parametrize(
    ("last", "error"),
    [("2", SmsRefused), ("3", SmsRefused), ("4", SmsUnknown), ("5", SmsUnknown), ("7", SmsUnknown), ("9", SmsRefused)],
)
def test_magic_numbers_give_their_outcomes(
    tmp_path: Path, clock: FrozenClock, last: str, error: type[Exception]
) -> None:
    phone = f"+861700000000{last}"
    with pytest.raises(error) as caught:
        carrier(tmp_path, clock).send(phone, ready(), "n1")
    assert phone[3:] not in str(caught.value)


@pytest.mark.parametrize(("last", "arrives", "receipts"), [("4", 1, 1), ("5", 0, 0), ("7", 1, 1), ("2", 0, 0)])
def test_an_unknown_outcome_may_still_arrive(
    tmp_path: Path, clock: FrozenClock, last: str, arrives: int, receipts: int
) -> None:
    simulated, hook, phone = carrier(tmp_path, clock), Hook(), f"+861700000000{last}"
    with pytest.raises((SmsUnknown, SmsRefused)):
        simulated.send(phone, ready(), "n1")
    simulated.push_receipts(hook)
    assert len(PhoneInbox(simulated.path).messages(phone)) == arrives
    assert len(hook.items) == receipts


def test_a_number_that_asks_to_retry_takes_the_second_try(tmp_path: Path, clock: FrozenClock) -> None:
    simulated, phone = carrier(tmp_path, clock), "+8617000000006"
    with pytest.raises(SmsRetryLater):
        simulated.send(phone, ready(), "n1")
    assert simulated.send(phone, ready(), "n1").serial
    assert len(PhoneInbox(simulated.path).messages(phone)) == 1


def test_an_undelivered_message_gets_a_failing_receipt(tmp_path: Path, clock: FrozenClock) -> None:
    simulated, hook = carrier(tmp_path, clock), Hook()
    simulated.send("+8617000000001", ready(), "n1")
    simulated.push_receipts(hook)
    assert [(item["report_status"], item["errmsg"]) for item in hook.items] == [("FAIL", "UNDELIV")]
    assert PhoneInbox(simulated.path).messages("+8617000000001") == []


def test_the_same_text_is_refused_within_thirty_seconds(tmp_path: Path, clock: FrozenClock) -> None:
    simulated = carrier(tmp_path, clock)
    simulated.send(PHONE, ready(), "n1")
    clock.advance(29)
    with pytest.raises(SmsRetryLater, match="1023") as caught:
        simulated.send(PHONE, ready(), "n1")
    assert caught.value.after_s == 30
    clock.advance(2)
    simulated.send(PHONE, ready(), "n1")


def test_an_hour_and_a_day_have_their_limits(tmp_path: Path, clock: FrozenClock) -> None:
    simulated = carrier(tmp_path, clock, FrequencyLimits(per_hour=2, per_day=3))
    for code in ("AAAAA2", "AAAAA3"):
        simulated.send(PHONE, ready(code), "n")
    with pytest.raises(SmsRetryLater, match="1024"):
        simulated.send(PHONE, ready("AAAAA4"), "n")
    clock.advance(3601)
    simulated.send(PHONE, ready("AAAAA4"), "n")
    with pytest.raises(SmsRetryLater, match="1025"):
        simulated.send(PHONE, ready("AAAAA5"), "n")
    clock.advance(86_400)
    simulated.send(PHONE, ready("AAAAA5"), "n")


def test_a_verification_code_is_sent_by_its_own_template(tmp_path: Path, clock: FrozenClock) -> None:
    simulated = carrier(tmp_path, clock)
    simulated.send(PHONE, verification("482913"), "otp")
    assert "482913" in PhoneInbox(simulated.path).messages(PHONE)[0].text


def test_an_unapproved_signature_is_refused_with_an_alarm(tmp_path: Path, clock: FrozenClock) -> None:
    with pytest.raises(SmsRefused) as caught:
        carrier(tmp_path, clock).send(PHONE, replace(ready(), signature="别的医院"), "n1")
    assert caught.value.alarm
