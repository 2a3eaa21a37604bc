"""The port to a carrier of text messages, and what passes through it. Implementations: `tencent`, `simulator`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sms.templates import SmsMessage


@dataclass(frozen=True)
class Accepted:
    """The carrier took the message. `serial` is the name receipts call it by, `segments` what it charges."""

    serial: str
    segments: int


@dataclass(frozen=True)
class DeliveryReceipt:
    """What became of an accepted message, pushed by the carrier or pulled from it."""

    serial: str
    phone: str = field(repr=False)
    """+86…"""
    delivered: bool
    code: str
    """The network's word, e.g. DELIVRD."""
    session_context: str = ""
    """As given when sending; most accounts get it back empty."""


class SmsSender(Protocol):
    def send(self, phone: str, message: SmsMessage, session_context: str) -> Accepted:
        """Hand one message to the carrier; at most one is ever sent by a call.

        phone: +86…; session_context: under 512 bytes, comes back with pulled receipts where the account allows it.
        Raises SmsRefused, SmsRetryLater, or SmsUnknown when the message may or may not be on its way.
        """

    def receipts(self, phone: str, since: datetime, until: datetime) -> Sequence[DeliveryReceipt]:
        """Receipts of messages to one phone, handed over between two instants. Raises as `send`."""
