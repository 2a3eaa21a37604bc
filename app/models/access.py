"""Access of patients: codes, counted tries, one-time codes, sessions, known devices. Secrets are stored as hashes only.

Staff sessions are in `staff`. How a code is made and hashed is in app/security/codes.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, UuidKey


class AccessCode(Base):
    """A code that names an exam. kind: `AccessCodeKind`.

    `code_hash` = HMAC(code) for long codes and HMAC(phone, code) for pick-up codes, which are never looked up alone.
    """

    __tablename__ = "access_code"

    id: Mapped[UuidKey]
    exam_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("exam.id"), index=True)
    kind: Mapped[str] = mapped_column(String(8))
    code_hash: Mapped[bytes] = mapped_column(unique=True)
    desk_hash: Mapped[bytes | None] = mapped_column(index=True)
    """HMAC of a pick-up code alone, for the desk's search only: no door of patients asks for it."""
    serial: Mapped[int]
    """The code is derived from exam, kind and serial, so a reprint or a retry after a crash gives the same code."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class AccessAttempts(Base):
    """Counted failures, also for codes and user names that do not exist. scope: `AttemptScope`."""

    __tablename__ = "access_attempts"

    scope: Mapped[str] = mapped_column(String(8), primary_key=True)
    key_hash: Mapped[bytes] = mapped_column(primary_key=True)
    consecutive: Mapped[int] = mapped_column(default=0)
    lifetime: Mapped[int] = mapped_column(default=0)
    paused_until: Mapped[datetime | None]
    knowledge_off_at: Mapped[datetime | None]
    window_started_at: Mapped[datetime | None]
    window_count: Mapped[int] = mapped_column(default=0)
    updated_at: Mapped[datetime] = mapped_column(index=True)


class OneTimeCode(Base):
    """A code that opens an exam once, and only together with the access code it was made for.

    kind: `OneTimeCodeKind`. An sms code has six digits and goes to the phone on file. A desk code has twelve digits;
    staff read it out.
    """

    __tablename__ = "one_time_code"

    id: Mapped[UuidKey]
    exam_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("exam.id"), index=True)
    access_code_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("access_code.id"), index=True)
    kind: Mapped[str] = mapped_column(String(8))
    code_hash: Mapped[bytes]
    failures: Mapped[int] = mapped_column(default=0)
    """Tries while the code was valid. A try counts on all valid codes of an access code. Too many end an sms code."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class PatientSession(Base):
    """The truth behind the patient cookie. Revoking the row ends access at once.

    It opens one exam, `exam_id`. Or it opens the exams of one person, as they are registered at each request (hashes as
    in `Patient`): of the phone door those of patients with this phone number and this ID number; of a bound WeChat
    account, `account_id`, those with this name and this ID number, or of `patient_id` alone for a person without one.
    Of a ticket that such a session gave, it bears both: it opens this exam as long as the exam is of this person.
    """

    __tablename__ = "patient_session"

    id: Mapped[UuidKey]
    exam_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("exam.id"), index=True)
    phone_hash: Mapped[bytes | None] = mapped_column(index=True)
    id_number_hash: Mapped[bytes | None]
    name_hash: Mapped[bytes | None]
    patient_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("patient.id"))
    account_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("wechat_account.id"), index=True)
    access_code_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("access_code.id"), index=True)
    helper_code_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("helper_code.id"), index=True)
    """Of somebody who helps: it lives as long as the code."""
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    revoked_at: Mapped[datetime | None]


class KnownDevice(Base):
    """A browser that opened this exam before. Failed tries of strangers do not lock it out."""

    __tablename__ = "known_device"
    __table_args__ = (UniqueConstraint("device_hash", "exam_id"),)

    id: Mapped[UuidKey]
    device_hash: Mapped[bytes]
    exam_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("exam.id"), index=True)
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime] = mapped_column(index=True)
