"""The outbox: messages, whom they are for, and what became of them."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, UuidKey


class Notification(Base):
    """One message per exam, event and channel.

    channel: sms | wechat
    event:   images_ready | report_ready | resend:<n> | one_time_code:<id>; after the exam was withdrawn and released
             anew, images_ready:<n>
    state:   pending -> sending -> accepted -> delivered | failed; sending -> unknown (never resent blindly) -> desk;
             sending -> pending (to be tried again); pending -> cancelled. A receipt also settles unknown and desk.
    """

    __tablename__ = "notification"
    __table_args__ = (UniqueConstraint("exam_id", "event", "channel"),)

    id: Mapped[UuidKey]
    exam_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("exam.id"), index=True)
    event: Mapped[str] = mapped_column(String(64))
    channel: Mapped[str] = mapped_column(String(8))
    template: Mapped[str] = mapped_column(String(64))
    recipient_sealed: Mapped[bytes]
    """Phone or openid, sealed under context `notification.recipient`."""
    recipient_masked: Mapped[str] = mapped_column(String(32))
    access_code_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("access_code.id"))
    """The pick-up code it carries; the code itself is derived again when sending."""
    state: Mapped[str] = mapped_column(String(16), index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime] = mapped_column(index=True)
    """pending: when to send; sending: when a silent worker is given up; unknown, accepted: when to ask the carrier."""
    provider_serial: Mapped[str | None] = mapped_column(String(128), index=True)
    failure_code: Mapped[str | None] = mapped_column(String(64))
    segments: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class NotificationEvent(Base):
    """Each change of a notification's state, for the desk."""

    __tablename__ = "notification_event"

    id: Mapped[UuidKey]
    notification_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("notification.id"), index=True)
    state: Mapped[str] = mapped_column(String(16))
    detail: Mapped[str] = mapped_column(String(255), default="")
    at: Mapped[datetime]


class EarlyReceipt(Base):
    """A receipt without a message: the carrier was faster than our own commit, or its answer was lost."""

    __tablename__ = "early_receipt"

    serial: Mapped[str] = mapped_column(String(128), primary_key=True)
    phone_hash: Mapped[bytes] = mapped_column(index=True)
    delivered: Mapped[bool]
    code: Mapped[str] = mapped_column(String(64))
    received_at: Mapped[datetime] = mapped_column(index=True)
