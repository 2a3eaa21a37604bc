"""Builds carriers and messages on a clock that tests can move."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from app.bootstrap import Services
from app.clock import FrozenClock
from app.models import ChannelName
from app.services.channels.sms import SmsChannel
from app.services.notifications.sending import Sending
from sms.errors import SmsRetryLater
from sms.sender import Accepted, SmsSender
from sms.simulator.carrier import SimulatedCarrier
from sms.simulator.rules import FrequencyLimits
from sms.templates import TEMPLATES, SmsMessage

SIGNATURE = "云影像医院"
PHONE = "+8613900000001"
NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


def carrier(folder: Path, clock: FrozenClock, limits: FrequencyLimits | None = None) -> SimulatedCarrier:
    return SimulatedCarrier.approving(folder / "carrier.db", clock.now, SIGNATURE, limits)


def ready(code: str = "K7M2QX") -> SmsMessage:
    return SmsMessage(TEMPLATES["ready_t1"], (code,), SIGNATURE)


def verification(code: str = "482913") -> SmsMessage:
    return SmsMessage(TEMPLATES["one_time_code"], (code,), SIGNATURE)


class Busy:
    """A carrier that always asks to come back."""

    calls = 0
    answer = SmsRetryLater("RequestLimitExceeded", "too many calls", after_s=1)

    def send(self, phone: str, message: SmsMessage, session_context: str) -> Accepted:
        self.calls += 1
        raise self.answer

    def receipts(self, *_: object) -> list[None]:
        return []


class Away(Busy):
    """A carrier that no connection reaches."""

    answer = SmsRetryLater("no connection", "the carrier cannot be reached")


def sending_over(house: Services, carrier: SmsSender | object) -> Sending:
    """What sends, on another carrier of text messages."""
    sms = house.channels[ChannelName.SMS]
    assert isinstance(sms, SmsChannel)
    other = replace(sms, sender=cast("SmsSender", carrier))
    return replace(house.notifications.sending, channels={**house.channels, other.name: other})


def house_over(house: Services, carrier: SmsSender | object) -> Services:
    """The same house on another carrier, for sending and for asking."""
    channels = sending_over(house, carrier).channels
    receipts = replace(house.notifications.receipts, channels=channels)
    sending = replace(house.notifications.sending, channels=channels, receipts=receipts)
    repeating = replace(house.notifications.repeating, channels=channels, sending=sending)
    work = replace(house.worker.work, sending=sending, receipts=receipts, repeating=repeating)
    notifications = replace(house.notifications, sending=sending, receipts=receipts, repeating=repeating)
    return replace(house, notifications=notifications, worker=replace(house.worker, work=work))


def with_carrier(house: Services, carrier: SmsSender | object) -> Services:
    """The same house on another carrier."""
    work = house.worker.work
    sending = sending_over(house, carrier)
    return replace(house, worker=replace(house.worker, work=replace(work, sending=sending)))
