"""The interface of a channel, and the possible outcomes of handing a message over.

The channels themselves are in `sms` and `wechat`. Nothing here knows a carrier.
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
    """What a message says: pictures are ready; pictures and report are ready; the report came later; a code to type; a
    code to give to a relative; a relative was added; a share was opened; to a relative: the report was amended."""

    IMAGES_READY = "images_ready"
    READY = "ready"
    REPORT_READY = "report_ready"
    ONE_TIME_CODE = "one_time_code"
    FAMILY_CODE = "family_code"
    RELATIVE_ADDED = "relative_added"
    SHARE_OPENED = "share_opened"
    RELATIVE_AMENDED = "relative_amended"


CARRIES_DIGITS = (Wording.ONE_TIME_CODE, Wording.FAMILY_CODE)
LEADS_TO_LIST = (Wording.RELATIVE_ADDED, Wording.SHARE_OPENED, Wording.RELATIVE_AMENDED)
"""They carry no code of an exam: who reads them is led to a page of the own exams or of the family."""


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
    """The carrier took the message. Receipts name it by `serial`. The carrier charges `segments`."""

    serial: str
    segments: int


@dataclass(frozen=True)
class Refused:
    """The carrier never takes this message. `code`, here and below: the carrier's own code, or a FailureCode."""

    code: str


@dataclass(frozen=True)
class Later:
    """The carrier did not take the message. It may take the same message later, after `pause` at the earliest."""

    code: str
    pause: timedelta


@dataclass(frozen=True)
class Unknown:
    """It is unknown whether the carrier took the message, so it is never simply sent again. `serial`: set when the
    carrier told one."""

    code: str
    serial: str | None = None


Outcome = Accepted | Refused | Later | Unknown
HandOver = Callable[[], Outcome]


@dataclass(frozen=True)
class DeliveryReceipt:
    """What became of an accepted message, pushed by the carrier or pulled from it.

    `serial`: empty when a carrier that is asked does not tell it. `code`: the network's code, for example DELIVRD.
    `sent_along`: what we sent with the message; it often gets lost.
    """

    serial: str
    recipient: str = field(repr=False)
    delivered: bool
    code: str
    sent_along: str = ""


class CannotBeMade(Exception):
    """No message can be made from this row. Trying again does not help."""

    def __init__(self, code: FailureCode) -> None:
        self.code = code
        super().__init__(code)


MOST_TOGETHER = 20
"""Exams of which one message tells at most."""


class Channel(Protocol):
    """A method with a `session` works inside the caller's transaction. Only `ask` and the function that `parcel`
    returns call the carrier."""

    @property
    def name(self) -> ChannelName: ...

    @property
    def follows_phone(self) -> bool:
        """Whether the address is the patient's phone number. A message to an old number then reaches somebody else."""

    @property
    def reports(self) -> bool:
        """Whether the carrier sends receipts for the messages that it took."""

    @property
    def takes_once_for(self) -> timedelta:
        """So long after its first call the same message may be handed over again: the carrier takes it once. Zero: it
        might go out twice."""

    def recipient(self, session: Session, patient: Patient) -> Recipient | None:
        """The patient's address now; None when this channel does not reach the patient."""

    def contents(self, session: Session, exam: Exam, recipient: Recipient, wording: Wording) -> Contents:
        """What a new message says. The code that it carries is issued here."""

    def parcel(self, session: Session, row: Notification, address: str) -> HandOver:
        """A function that hands over the message of a row. Each call sends at most one message.

        Raises CannotBeMade.
        """

    def repeats(self, row: Notification) -> bool:
        """Whether `takes_once_for` holds for this message."""

    def most_together(self, row: Notification) -> int:
        """Of how many exams of its patient this message can tell: its code opens so many, or it needs none."""

    def ask(self, address: str, since: datetime, until: datetime) -> Sequence[DeliveryReceipt]:
        """Receipts of the messages to one address, sent between two times; empty when the carrier does not answer."""

    def is_alarm(self, code: str) -> bool:
        """Whether a failure code says that all messages of this channel fail until somebody acts."""


Channels = Mapping[str, Channel]
"""By name, as in the rows. A patient is told through them in this order."""
