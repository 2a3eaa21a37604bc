"""What a channel is to those who tell patients something, and the one family of outcomes of handing a message over.

Implementations: `sms`, `wechat`. Nothing here knows a carrier.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from sqlalchemy.orm import Session

from app.models import ChannelName, Exam, FailureCode, Notification, Patient


class Wording(StrEnum):
    """Which text: pictures, pictures and report at once, a report that came later, a code to type."""

    IMAGES_READY = "images_ready"
    READY = "ready"
    REPORT_READY = "report_ready"
    ONE_TIME_CODE = "one_time_code"


@dataclass(frozen=True)
class Recipient:
    """`address`: phone (+86…) or openid; `masked`: as staff may read it."""

    address: str = field(repr=False)
    masked: str


@dataclass(frozen=True)
class Contents:
    """The name of a registered template, and the access code that the message carries."""

    template: str
    access_code_id: uuid.UUID | None = None


@dataclass(frozen=True)
class Accepted:
    """The carrier took it. `serial` is the name receipts call it by, `segments` what is charged."""

    serial: str
    segments: int


@dataclass(frozen=True)
class Refused:
    """Not taken, and never will be. `code` here and below is the carrier's word for it, or a FailureCode."""

    code: str


@dataclass(frozen=True)
class Later:
    """Not taken; the same message may be taken after `pause` at the earliest."""

    code: str
    pause: timedelta


@dataclass(frozen=True)
class Unknown:
    """Nobody knows whether it was taken: it is never handed over again blindly. `serial`: when the carrier told one."""

    code: str
    serial: str | None = None


Outcome = Accepted | Refused | Later | Unknown
HandOver = Callable[[], Outcome]


@dataclass(frozen=True)
class DeliveryReceipt:
    """What became of an accepted message, pushed by the carrier or pulled from it.

    `code`: the network's word, e.g. DELIVRD; `sent_along`: what we gave with the message, often lost on the way.
    """

    serial: str
    recipient: str = field(repr=False)
    delivered: bool
    code: str
    sent_along: str = ""


class CannotBeMade(Exception):
    """A row of which no message can be made, whatever is tried."""

    def __init__(self, code: FailureCode) -> None:
        self.code = code
        super().__init__(code)


class Channel(Protocol):
    """Every method works inside the caller's transaction; only what `parcel` returns and `ask` call the carrier."""

    @property
    def name(self) -> ChannelName: ...

    @property
    def follows_phone(self) -> bool:
        """Is the patient's phone number the address? Then a message to another number goes astray."""

    @property
    def reports(self) -> bool:
        """Does the carrier tell what became of a message that it took?"""

    def recipient(self, session: Session, patient: Patient) -> Recipient | None:
        """Where news of this patient goes now; None when this channel does not reach the patient."""

    def contents(self, session: Session, exam: Exam, recipient: Recipient, wording: Wording) -> Contents:
        """What a new message says; a code that it carries is issued."""

    def parcel(self, session: Session, row: Notification, address: str) -> HandOver:
        """The message of a row, ready to be handed over: at most one is sent by one call.

        Raises CannotBeMade.
        """

    def ask(self, address: str, since: datetime, until: datetime) -> Sequence[DeliveryReceipt]:
        """Receipts of messages to one address, handed over between two instants; none when the carrier is silent."""

    def is_alarm(self, code: str) -> bool:
        """Does a failure code say that all messages of this channel fail until somebody acts?"""


Channels = Mapping[str, Channel]
"""By name, as a row says it, in the order in which they are told."""
