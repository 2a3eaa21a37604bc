"""Rows of the audit log and its head. What is recorded and how it is chained is app/services/audit.py."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import AuditEvent, AuditHead


def lock_head(session: Session) -> AuditHead:
    """The head row, locked until the transaction ends, so that writers queue up."""
    return session.execute(select(AuditHead).where(AuditHead.id == 1).with_for_update()).scalar_one()


def add(session: Session, event: AuditEvent) -> None:
    session.add(event)


def in_order(session: Session) -> Iterator[AuditEvent]:
    yield from session.scalars(select(AuditEvent).order_by(AuditEvent.seq).execution_options(yield_per=500))


def of_subject(session: Session, subject: str, limit: int = 100) -> list[AuditEvent]:
    query = select(AuditEvent).where(AuditEvent.subject == subject).order_by(AuditEvent.seq.desc()).limit(limit)
    return list(session.scalars(query))
