"""The outbox: messages to patients and what became of them. The codes in its columns are in `notification_codes`."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, UuidKey


class Notification(Base):
    """One message per exam, kind, occasion and channel; for a one-time code, one per code and channel.

    channel:  ChannelName
    kind:     NotificationKind
    occasion: 1 for the first message of this kind about the exam. It rises when the exam is withdrawn and released
              again, and when staff send again. None for a one-time code
    state:    NotificationState: pending -> sending -> accepted -> delivered | failed; sending -> unknown (never resent
              blindly) -> desk; sending -> pending (to be tried again); pending -> cancelled. A receipt also settles
              unknown and desk.
    """

    __tablename__ = "notification"
    __table_args__ = (
        UniqueConstraint("exam_id", "kind", "occasion", "channel"),
        UniqueConstraint("one_time_code_id", "channel"),
        Index("ix_notification_state_created_at_id", "state", "created_at", "id"),
        Index("ix_notification_state_next_attempt_at", "state", "next_attempt_at"),
    )

    id: Mapped[UuidKey]
    exam_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("exam.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    occasion: Mapped[int | None]
    one_time_code_id: Mapped[uuid.UUID | None]
    """No foreign key: the code's row is removed when nobody needs it any more; the message stays."""
    channel: Mapped[str] = mapped_column(String(8))
    template: Mapped[str] = mapped_column(String(64))
    recipient_sealed: Mapped[bytes]
    """Phone or openid, sealed under context `notification.recipient`."""
    recipient_masked: Mapped[str] = mapped_column(String(32))
    access_code_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("access_code.id"))
    """The pick-up code in the message. The code is not stored; it is derived again when the message is sent."""
    state: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime] = mapped_column(index=True)
    """pending: when to send; sending: when its worker counts as lost; unknown, accepted: when to ask the carrier."""
    carried_by_id: Mapped[uuid.UUID | None] = mapped_column(index=True)
    """The message that tells this one's news too; this row has the state of that one. No foreign key: messages stay."""
    provider_serial: Mapped[str | None] = mapped_column(String(128), index=True)
    failure_code: Mapped[str | None] = mapped_column(String(64))
    segments: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(index=True)
    sent_at: Mapped[datetime | None] = mapped_column(index=True)
    finished_at: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]
    """When the patient first opened the exam after this message was handed over."""
    viewed_at: Mapped[datetime | None]
    """The same of its pictures."""


class Telling(Base):
    """Something new about an exam, on its way to the patient: by one channel after the other, each with a message.

    kind, occasion: as in its messages. wording: the Wording of them. state: TellingState.
    """

    __tablename__ = "telling"
    __table_args__ = (UniqueConstraint("exam_id", "kind", "occasion"),)

    id: Mapped[UuidKey]
    exam_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("exam.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    occasion: Mapped[int]
    wording: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(8), index=True)
    look_at: Mapped[datetime | None] = mapped_column(index=True)
    """When the next step is due; None while a message is under way, and when nothing follows."""
    begun_at: Mapped[datetime]


class NotificationEvent(Base):
    """One change of a notification's state, shown at the desk."""

    __tablename__ = "notification_event"

    id: Mapped[UuidKey]
    notification_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("notification.id"), index=True)
    state: Mapped[str] = mapped_column(String(16))
    detail: Mapped[str] = mapped_column(String(255), default="")
    at: Mapped[datetime]


class OptOut(Base):
    """A phone number that wants no news by text message; codes that somebody asks for are sent all the same."""

    __tablename__ = "opt_out"

    phone_hash: Mapped[bytes] = mapped_column(primary_key=True)
    """Blind index `optout.phone`."""
    origin: Mapped[str] = mapped_column(String(16))
    """OptOutOrigin"""
    since: Mapped[datetime]


class EarlyReceipt(Base):
    """A receipt whose serial belongs to no message yet: it came before our commit, or the carrier's answer was lost."""

    __tablename__ = "early_receipt"

    serial: Mapped[str] = mapped_column(String(128), primary_key=True)
    phone_hash: Mapped[bytes] = mapped_column(index=True)
    delivered: Mapped[bool]
    code: Mapped[str] = mapped_column(String(64))
    received_at: Mapped[datetime] = mapped_column(index=True)
