"""Builds carriers and messages on a clock that tests can move."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from app.clock import FrozenClock
from sms.fake import SimulatedCarrier
from sms.fake_rules import FrequencyLimits
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
