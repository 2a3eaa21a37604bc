"""While the carrier is away or busy a message waits, for three days; then the desk decides."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.services.channels.channel import DeliveryReceipt
from tests.factories.carriers import Away, Busy, with_carrier
from tests.factories.house import clock_of, services
from tests.factories.telling import follow, mark_prepared, messages, only_state, register, states, sweep, untold


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
    (view,) = house.desk.messages.to_be_settled()
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
    house.notifications.receipts.take([DeliveryReceipt("2640:1", "+8613900000001", delivered=True, code="DELIVRD")])
    assert only_state(house, exam_id) == "desk"


def test_a_used_up_quota_of_notices_is_waited_for(tmp_path: Path) -> None:
    house = services(tmp_path, wechat_notices="simulated")
    exam_id = register(house)
    follow(house, exam_id)
    assert house.simulation.wechat is not None
    house.simulation.wechat.order("/cgi-bin/message/template/send", "45009", 99)
    mark_prepared(house)
    for _ in range(24):
        sweep(house, seconds=3601)
    assert {channel: found for _, channel, found in states(house, exam_id)} == {"sms": "delivered", "wechat": "pending"}
