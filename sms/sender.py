"""The port to a carrier of text messages, and its data. The implementations are in `tencent` and `simulator`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sms.templates import SmsMessage

LONGEST_CODE = 64


@dataclass(frozen=True)
class Accepted:
    """The carrier took the message. Receipts name it by `serial`. The carrier charges `segments` messages."""

    serial: str
    segments: int


@dataclass(frozen=True)
class DeliveryReceipt:
    """Whether an accepted message arrived. The carrier pushes receipts, or we pull them."""

    serial: str
    phone: str = field(repr=False)
    """+86…"""
    delivered: bool
    code: str
    """The network's code, for example DELIVRD."""
    session_context: str = ""
    """The context that was given when sending. For most accounts the carrier returns it empty."""


def printable(text: str) -> str:
    """The carrier's text in a form that fits the database: no NUL, no lone surrogates, at most 64 characters."""
    return "".join(letter for letter in text if letter.isprintable())[:LONGEST_CODE]


class SmsSender(Protocol):
    def send(self, phone: str, message: SmsMessage, session_context: str) -> Accepted:
        """Hand one message to the carrier. One call never sends more than one message.

        phone: +86…; session_context: under 512 bytes; pulled receipts return it if the account allows that. Raises
        SmsRefused, SmsRetryLater, or SmsUnknown when nobody knows whether the carrier took the message.
        """

    def receipts(self, phone: str, since: datetime, until: datetime) -> Sequence[DeliveryReceipt]:
        """Receipts of messages to one phone that were handed over between two instants. Raises the errors of `send`."""
