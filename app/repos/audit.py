"""Rows of the audit log and its head. What is recorded and how it is chained is app/services/audit.py."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import AuditEvent, AuditHead


def lock_head(session: Session) -> AuditHead:
    """The head row, locked until the transaction ends, so that writers queue up."""
    return session.execute(select(AuditHead).where(AuditHead.id == 1).with_for_update()).scalar_one()


def head(session: Session) -> AuditHead:
    """The head row as it is committed now."""
    query = select(AuditHead).where(AuditHead.id == 1).execution_options(populate_existing=True)
    return session.execute(query).scalar_one()


def last_seq(session: Session) -> int:
    """The newest row's number, 0 when there is none."""
    return session.scalar(select(func.max(AuditEvent.seq))) or 0


def hash_of(session: Session, seq: int) -> bytes:
    """The hash of a row; empty before the first and where it is gone."""
    return session.scalar(select(AuditEvent.hash).where(AuditEvent.seq == seq)) or b""


def add(session: Session, event: AuditEvent) -> None:
    session.add(event)


def extent(session: Session) -> tuple[int, datetime | None]:
    """How many rows there are, and since when."""
    count, first = session.execute(select(func.count(), func.min(AuditEvent.at))).one()
    return count, first


def in_order(session: Session, until: int | None = None) -> Iterator[AuditEvent]:
    """All rows, or those up to a sequence number."""
    query = select(AuditEvent).order_by(AuditEvent.seq)
    if until is not None:
        query = query.where(AuditEvent.seq <= until)
    yield from session.scalars(query.execution_options(yield_per=500))


def of_subject(session: Session, subject: str, actions: Collection[str], limit: int) -> list[AuditEvent]:
    """Newest first."""
    query = select(AuditEvent).where(AuditEvent.subject == subject, AuditEvent.action.in_(actions))
    return list(session.scalars(query.order_by(AuditEvent.seq.desc()).limit(limit)))


def newest(session: Session, limit: int, *, before: int | None, **equal: str) -> list[AuditEvent]:
    """Newest first, below a sequence number; `equal`: columns that must have a value, e.g. action, actor, subject."""
    query = select(AuditEvent).filter_by(**equal).order_by(AuditEvent.seq.desc()).limit(limit)
    if before is not None:
        query = query.where(AuditEvent.seq < before)
    return list(session.scalars(query))
