"""Rows of the audit log and its head. app/services/audit/log decides what is recorded and how rows are chained."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import cast

from sqlalchemy import Table, bindparam, exists, func, insert, select, update
from sqlalchemy.orm import Session

from app.models import AuditEvent, AuditHead
from app.repos.keyset import Place, rows_at

# Nearly every transaction appends a row and holds the write lock meanwhile. So the statements are built once and do not
# use the ORM.
_EVENTS, _HEADS = cast(Table, AuditEvent.__table__), cast(Table, AuditHead.__table__)
_LOCKED_SEQ = select(_HEADS.c.seq).where(_HEADS.c.id == 1).with_for_update()
_HASH = select(_EVENTS.c.hash).where(_EVENTS.c.seq == bindparam("seq"))
_APPEND = insert(_EVENTS)
_MOVE_HEAD = update(_HEADS).where(_HEADS.c.id == 1).values(seq=bindparam("head_seq"), hash=bindparam("head_hash"))


def lock_head(session: Session) -> int:
    """The newest sequence number. The head row is locked until the transaction ends, so that writers queue up."""
    seq: int = session.connection().execute(_LOCKED_SEQ).scalar_one()
    return seq


def hash_of(session: Session, seq: int) -> bytes:
    """The hash of the row with this number; empty when there is no such row."""
    return session.connection().execute(_HASH, {"seq": seq}).scalar() or b""


def append(session: Session, event: AuditEvent, head_hash: bytes) -> None:
    """Add the event's row and move the head to it."""
    connection = session.connection()
    connection.execute(_APPEND, {name: getattr(event, name) for name in _EVENTS.c.keys()})  # noqa: SIM118 - no dict
    connection.execute(_MOVE_HEAD, {"head_seq": event.seq, "head_hash": head_hash})


def head(session: Session) -> AuditHead:
    """The head row as it is committed now."""
    query = select(AuditHead).where(AuditHead.id == 1).execution_options(populate_existing=True)
    return session.execute(query).scalar_one()


def last_seq(session: Session) -> int:
    """The newest row's number, 0 when there is none."""
    return session.scalar(select(func.max(AuditEvent.seq))) or 0


def extent(session: Session) -> tuple[int, datetime | None]:
    """The number of rows, and the time of the oldest row."""
    count, first = session.execute(select(func.count(), func.min(AuditEvent.at))).one()
    return count, first


def in_order(session: Session, until: int | None = None) -> Iterator[AuditEvent]:
    """All rows in order; `until`: only rows up to this sequence number."""
    query = select(AuditEvent).order_by(AuditEvent.seq)
    if until is not None:
        query = query.where(AuditEvent.seq <= until)
    yield from session.scalars(query.execution_options(yield_per=500))


def is_recorded(session: Session, action: str, actor: str, subject: str) -> bool:
    """Whether this actor did this action to this subject at least once."""
    same = (AuditEvent.subject == subject, AuditEvent.action == action, AuditEvent.actor == actor)
    return bool(session.scalar(select(exists().where(*same))))


def of_subject(session: Session, subject: str, actions: Collection[str], limit: int) -> list[AuditEvent]:
    """The newest `limit` rows about a subject with one of these actions, newest first."""
    query = select(AuditEvent).where(AuditEvent.subject == subject, AuditEvent.action.in_(actions))
    return list(session.scalars(query.order_by(AuditEvent.seq.desc()).limit(limit)))


def newest_of_each(
    session: Session, subject: str, actions: Collection[str], of_each: int, limit: int
) -> list[AuditEvent]:
    """As `of_subject`, but of each actor and action at most the newest `of_each`: an actor who does something for ever
    pushes nobody else out."""
    each = func.row_number().over(partition_by=(AuditEvent.actor, AuditEvent.action), order_by=AuditEvent.seq.desc())
    about = (AuditEvent.subject == subject, AuditEvent.action.in_(actions))
    numbered = select(AuditEvent.seq, each.label("number")).where(*about).subquery()
    kept = select(numbered.c.seq).where(numbered.c.number <= of_each)
    query = select(AuditEvent).where(AuditEvent.seq.in_(kept))
    return list(session.scalars(query.order_by(AuditEvent.seq.desc()).limit(limit)))


def every_of_subject(session: Session, subject: str, action: str) -> list[AuditEvent]:
    """Oldest first. For subjects of few events."""
    query = select(AuditEvent).where(AuditEvent.subject == subject, AuditEvent.action == action)
    return list(session.scalars(query.order_by(AuditEvent.seq)))


def newest(session: Session, equal: Mapping[str, str], place: Place | None, limit: int) -> list[AuditEvent]:
    """Newest first. `equal`: the value a column must have."""
    query = select(AuditEvent).filter_by(**equal)
    return [row[0] for row in rows_at(session, query, (AuditEvent.seq,), place, limit)]
