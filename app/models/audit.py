"""The tables of the audit log: rows are only added, and hashes chain them. Writing is in app/services/audit."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class AuditEvent(Base):
    """`hash` = HMAC-SHA256(audit key, previous hash | canonical JSON of this row's other columns)."""

    __tablename__ = "audit_event"
    __table_args__ = (
        Index("ix_audit_event_action_seq", "action", "seq"),
        Index("ix_audit_event_actor_seq", "actor", "seq"),
        Index("ix_audit_event_subject_seq", "subject", "seq"),
    )

    seq: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=False
    )
    at: Mapped[datetime] = mapped_column(index=True)
    action: Mapped[str] = mapped_column(String(64))
    actor: Mapped[str] = mapped_column(String(128))
    """patient-session:<id> | staff:<username> | machine:<name> | system | scp:<AE title>"""
    subject: Mapped[str] = mapped_column(String(128))
    """exam:<id> | study:<uid> | staff:<username> | ..."""
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)
    previous_hash: Mapped[bytes]
    hash: Mapped[bytes]


class AuditHead(Base):
    """The single row that writers lock in turn. `seq` is the newest row's number.

    `hash` = HMAC-SHA256(audit key, "head" | seq | the newest row's hash).
    """

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[bytes]
