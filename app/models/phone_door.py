"""The phone door: six digits that were asked for with a phone number, and how often that was done. Hashes only.

Both tables have rows of numbers that belong to no patient: what is done for a number must not tell whether we know it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, UuidKey


class PhoneCode(Base):
    """Six digits for the holder of a phone number, good in one browser. `phone_hash` is that of `Patient`."""

    __tablename__ = "phone_code"
    __table_args__ = (Index("ix_phone_code_phone_hash_browser_hash", "phone_hash", "browser_hash"),)

    id: Mapped[UuidKey]
    phone_hash: Mapped[bytes]
    browser_hash: Mapped[bytes]
    code_hash: Mapped[bytes]
    failures: Mapped[int] = mapped_column(default=0)
    """Tries while it was valid. A try counts on all valid ones of the number and the browser."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    queued_at: Mapped[datetime | None]
    """When its message went into the outbox; never for a number of nobody."""
    used_at: Mapped[datetime | None]


class PhoneRequests(Base):
    """When digits for a phone number were asked for the last ten times; 1 is the latest."""

    __tablename__ = "phone_requests"

    phone_hash: Mapped[bytes] = mapped_column(primary_key=True)
    asked_1_at: Mapped[datetime | None] = mapped_column(index=True)
    asked_2_at: Mapped[datetime | None]
    asked_3_at: Mapped[datetime | None]
    asked_4_at: Mapped[datetime | None]
    asked_5_at: Mapped[datetime | None]
    asked_6_at: Mapped[datetime | None]
    asked_7_at: Mapped[datetime | None]
    asked_8_at: Mapped[datetime | None]
    asked_9_at: Mapped[datetime | None]
    asked_10_at: Mapped[datetime | None]
