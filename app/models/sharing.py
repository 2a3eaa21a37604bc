"""What patients give to others: shares (a link and a passcode), digits for a doctor's PC, and the sessions of guests.

Secrets are hashes only. A guest has no row of a person: only that somebody opened it, when, and from what device.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, UuidKey


class Share(Base):
    """An exam given to who has the link and the passcode. `code_hash` = HMAC(code of the link)."""

    __tablename__ = "share"

    id: Mapped[UuidKey]
    exam_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("exam.id"), index=True)
    code_hash: Mapped[bytes] = mapped_column(unique=True)
    passcode_hash: Mapped[bytes]
    pictures: Mapped[bool]
    report: Mapped[bool]
    originals: Mapped[bool]
    anonymous: Mapped[bool]
    patient_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("patient.id"))
    code_generation: Mapped[int]
    """Of the exam when it was shared. A share is over when the exam has another patient, or when its codes were
    revoked."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    revoked_at: Mapped[datetime | None]


class SharedPrior(Base):
    """An earlier exam of the same person that a share gives too."""

    __tablename__ = "shared_prior"

    share_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("share.id"), primary_key=True)
    exam_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("exam.id"), primary_key=True)


class HandOver(Base):
    """Six digits that a patient reads out to a doctor; they lead to one session at most.

    The digits are derived from `id`; `code_hash` finds the row of typed ones.
    """

    __tablename__ = "hand_over"

    id: Mapped[UuidKey]
    exam_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("exam.id"), index=True)
    patient_session_id: Mapped[uuid.UUID] = mapped_column(index=True)
    """The session that gave them: only its browser sees who waits. It may be removed before this row."""
    code_hash: Mapped[bytes] = mapped_column(index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]


class WaitingPc(Base):
    """A browser in which the digits were typed. Typing opens nothing: the patient taps its number."""

    __tablename__ = "waiting_pc"

    id: Mapped[UuidKey]
    hand_over_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("hand_over.id"), index=True)
    browser_hash: Mapped[bytes] = mapped_column(unique=True)
    number: Mapped[str] = mapped_column(String(2))
    device: Mapped[str] = mapped_column(String(16))
    """`DeviceKind`"""
    address_masked: Mapped[str] = mapped_column(String(40))
    created_at: Mapped[datetime]
    guest_session_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("guest_session.id"))
    """Set when the patient tapped its number."""


class GuestSession(Base):
    """The truth behind the guest's cookie: one exam, by a share or by digits. `id` also names it in addresses."""

    __tablename__ = "guest_session"

    id: Mapped[UuidKey]
    exam_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("exam.id"), index=True)
    share_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("share.id"), index=True)
    """None: opened by digits."""
    main_id: Mapped[uuid.UUID | None] = mapped_column(index=True)
    """Of a prior: the session that opened it along. Both begin and end together."""
    giver_id: Mapped[uuid.UUID | None] = mapped_column(index=True)
    """Begun by a ticket: the session of the passcode from which its ticket comes, also by way of other tickets."""
    patient_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("patient.id"))
    code_generation: Mapped[int]
    """As of the share."""
    device: Mapped[str] = mapped_column(String(16))
    """`DeviceKind`"""
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    revoked_at: Mapped[datetime | None]


class HelperCode(Base):
    """A code that a patient reads out to somebody who helps: it opens one exam in one browser, for some days. The
    browser's session is a `PatientSession`."""

    __tablename__ = "helper_code"

    id: Mapped[UuidKey]
    exam_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("exam.id"), index=True)
    code_hash: Mapped[bytes] = mapped_column(unique=True)
    patient_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("patient.id"))
    code_generation: Mapped[int]
    """Both as of a share: another patient of the exam, or codes that were revoked, end it."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    """Until when it can be typed; once it was typed, when its session ends."""
    opened_at: Mapped[datetime | None]
    device: Mapped[str | None] = mapped_column(String(16))
    """`DeviceKind` of the browser that it opened."""
    revoked_at: Mapped[datetime | None]
