"""While the carrier is away or busy a message waits, for three days; then the desk decides."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.services.channels import channel
from sms.errors import SmsUnknown
from sms.sender import Accepted, DeliveryReceipt
from sms.templates import SmsMessage
from tests.factories.carriers import Away, Busy, house_over, sending_over, with_carrier
from tests.factories.house import clock_of, services
from tests.factories.telling import follow, mark_prepared, messages, only_state, register, states, sweep, untold


class Silent(Busy):
    """A carrier that takes everything and answers nothing."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    def send(self, phone: str, message: SmsMessage, session_context: str) -> Accepted:
        self.taken.append(session_context)
        raise SmsUnknown("ClientNetworkError", "no answer")

    def receipts(self, *_: object) -> list[None]:
        raise SmsUnknown("ClientNetworkError", "no answer")


class Reporting(Busy):
    """The same carrier, back again."""

    def __init__(self, taken: list[str]) -> None:
        self.taken = taken

    def receipts(self, phone: str, *_: object) -> list[DeliveryReceipt]:  # type: ignore[override]
        return [DeliveryReceipt(f"s{number}", phone, True, "DELIVRD", one) for number, one in enumerate(self.taken)]


@pytest.mark.parametrize("carrier", [Busy, Away])
def test_a_message_outlives_an_outage_of_two_days_with_capped_pauses(tmp_path: Path, carrier: type[Busy]) -> None:
    house = services(tmp_path)
    away = carrier()
    without = with_carrier(house, away)
    exam_id = untold(house)
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
    exam_id = untold(house)
    for _ in range(3 * 24 + 2):
        sweep(without, seconds=3601)
    (view,) = house.desk.messages.to_be_settled().rows
    assert view.exam_id == exam_id
    assert ("desk", "never_sent") in {(step.state, step.detail) for step in view.history}
    sweep(house, seconds=3601)
    assert messages(house) == []


def test_a_message_that_waited_long_for_its_hold_has_three_days_from_its_first_try(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = untold(house)
    clock_of(house).advance(10 * 86_400)
    sweep(with_carrier(house, Away()))
    assert only_state(house, exam_id) == "pending"


def test_a_receipt_of_another_message_settles_none_that_was_never_sent(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = untold(house)
    sweep(with_carrier(house, Away()))
    for _ in range(3 * 24 + 2):
        sweep(with_carrier(house, Away()), seconds=3601)
    house.notifications.receipts.take(
        [channel.DeliveryReceipt("2640:1", "+8613900000001", delivered=True, code="DELIVRD")]
    )
    assert only_state(house, exam_id) == "desk"


@pytest.mark.parametrize("carrier", [Busy, Away, Silent])
def test_when_the_carrier_was_down_for_an_hour_everything_is_told_once_afterwards(
    tmp_path: Path, carrier: type[Busy]
) -> None:
    house = services(tmp_path)
    down = carrier()
    without = house_over(house, down)
    exams = {}
    for number in range(6):
        phone = f"1390000001{number}"
        exams[phone] = register(house, f"A{number}", patient_id=f"Q{number}", patient_phone=phone)
        mark_prepared(house, f"A{number}", PatientID=f"Q{number}")
        sweep(without, seconds=600)
    if isinstance(down, Silent):
        back = house_over(house, Reporting(down.taken))
        for _ in range(8):
            sweep(back, seconds=1800)
        assert sorted(down.taken) == sorted(set(down.taken)), "sent again"
        assert len(down.taken) == len(exams)
        assert {only_state(house, exam_id) for exam_id in exams.values()} == {"delivered"}
        return
    for _ in range(2):
        sweep(house, seconds=3601)
    for phone, exam_id in exams.items():
        assert len(messages(house, f"+86{phone}")) == 1
        assert only_state(house, exam_id) in ("accepted", "delivered")


def test_a_used_up_quota_of_notices_is_waited_for_an_hour(tmp_path: Path) -> None:
    house = services(tmp_path, wechat_notices="simulated")
    exam_id = register(house)
    follow(house, exam_id)
    assert house.simulation.wechat is not None
    house.simulation.wechat.order("/cgi-bin/message/template/send", "45009", 99)
    mark_prepared(house)
    sweep(house)
    sweep(house, seconds=600)
    assert states(house, exam_id) == [("images_ready", "wechat", "pending")]
    sweep(house, seconds=3010)
    assert {channel: found for _, channel, found in states(house, exam_id)} == {"sms": "accepted", "wechat": "failed"}


def test_who_has_wechat_alone_is_waited_for_longer(tmp_path: Path) -> None:
    house = services(tmp_path, wechat_notices="simulated")
    exam_id = register(house, patient_phone=None)
    follow(house, exam_id)
    assert house.simulation.wechat is not None
    house.simulation.wechat.order("/cgi-bin/message/template/send", "45009", 99)
    mark_prepared(house)
    for _ in range(4):
        sweep(house, seconds=3601)
    assert only_state(house, exam_id) == "pending"


def test_a_carrier_that_does_not_answer_is_asked_once_a_round_so_that_nobody_waits_behind_it(tmp_path: Path) -> None:
    house = services(tmp_path)
    for number in range(3):
        register(house, f"A{number}", patient_id=f"Q{number}", patient_phone=f"1390000001{number}")
        mark_prepared(house, f"A{number}", PatientID=f"Q{number}")
    house.release.gate.release_due()
    sending = sending_over(house, Silent())
    assert [sending.send_due() for _ in range(4)] == [1, 1, 1, 0]
