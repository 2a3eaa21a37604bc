"""Family: who may see whose exams, and digits that allow it. Hashes only; the names on pages are those of `Patient`.

A person is whoever is registered with a name and an ID number, as in `WechatAccount`.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, UuidKey


class FamilyGrant(Base):
    """One person (the relative) may see the exams of another one (the member). It opens exams from `confirmed_at` to
    `expires_at`, as long as neither side ended it.

    Also a request of a guardian is a row, whether or not anybody is registered as it says: `confirmed_at` is None until
    staff confirm it.
    """

    __tablename__ = "family_grant"
    __table_args__ = (
        Index("ix_family_grant_relative_number_hash", "relative_number_hash", "relative_name_hash"),
        Index("ix_family_grant_member_number_hash", "member_number_hash", "member_name_hash"),
    )

    id: Mapped[UuidKey]
    relative_name_hash: Mapped[bytes]
    relative_number_hash: Mapped[bytes]
    member_name_hash: Mapped[bytes]
    member_number_hash: Mapped[bytes]
    relation: Mapped[str] = mapped_column(String(8))
    """`FamilyRelation`: what the member is to the relative."""
    basis: Mapped[str] = mapped_column(String(8))
    """`FamilyBasis`"""
    scope: Mapped[str] = mapped_column(String(8))
    """`FamilyScope`"""
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    """Of a request: until when staff may confirm it."""
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None] = mapped_column(String(8))
    """`FamilyEnd`"""


class FamilyCode(Base):
    """Six digits to a member's phone, good for the person who asked. Rows of nobody exist too: what is done for a name
    must not tell whether we know it."""

    __tablename__ = "family_code"

    id: Mapped[UuidKey]
    relative_number_hash: Mapped[bytes] = mapped_column(index=True)
    relative_name_hash: Mapped[bytes]
    member_name_hash: Mapped[bytes]
    member_number_hash: Mapped[bytes]
    relation: Mapped[str] = mapped_column(String(8))
    scope: Mapped[str] = mapped_column(String(8))
    """As in the grant that it leads to."""
    code_hash: Mapped[bytes]
    failures: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    queued_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
