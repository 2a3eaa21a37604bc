"""Rows of news on its way to a patient, by one channel after the other. The next step is decided in
app/services/notifications/telling.py."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.models import Exam, KnownDevice, Notification, Telling, TellingState
from app.repos.changed_rows import changed_rows
from app.repos.due_times import is_due

FURTHEST = timedelta(days=60)
"""No next step is further ahead: a day has at least one hour of daytime, and few hours are waited for."""


def add(session: Session, row: Telling) -> None:
    session.add(row)
    session.flush()


def due(session: Session, now: datetime, limit: int, begun_since: datetime | None = None) -> list[uuid.UUID]:
    """Ids of news whose next step is due; the longest due first. `begun_since`: only of news that is no older."""
    query = select(Telling.id).where(is_due(Telling.look_at, now, FURTHEST))
    if begun_since is not None:
        query = query.where(Telling.begun_at >= begun_since)
    return list(session.scalars(query.order_by(Telling.look_at).limit(limit)))


def claim(session: Session, telling_id: uuid.UUID, now: datetime) -> Telling | None:
    """One worker gets it, and the others wait until its transaction ends; None when it is not due (any more)."""
    statement = update(Telling).where(Telling.id == telling_id, is_due(Telling.look_at, now, FURTHEST))
    if changed_rows(session, statement.values(look_at=None)) != 1:
        return None
    return session.get(Telling, telling_id, populate_existing=True)


def look_soon(session: Session, row: Notification, now: datetime) -> None:
    """Something happened to a message: its telling may have a next step."""
    session.execute(
        update(Telling)
        .where(
            Telling.exam_id == row.exam_id,
            Telling.kind == row.kind,
            Telling.occasion == row.occasion,
            Telling.state != TellingState.ENDED,
        )
        .values(look_at=now)
        .execution_options(synchronize_session=False)
    )


def look_again(session: Session, exam_id: uuid.UUID, now: datetime) -> None:
    """Another way may reach the patient now: news that went by WeChat may have a next step."""
    statement = update(Telling).where(Telling.exam_id == exam_id, Telling.state == TellingState.WECHAT)
    session.execute(statement.values(look_at=now).execution_options(synchronize_session=False))


def end(session: Session, row: Notification) -> None:
    """What this message tells is told no more."""
    of_row = (Telling.exam_id == row.exam_id, Telling.kind == row.kind, Telling.occasion == row.occasion)
    _end(session, *of_row)


def end_all(session: Session, exam_id: uuid.UUID) -> None:
    """Nothing of this exam is told any more, until something new is."""
    _end(session, Telling.exam_id == exam_id)


def _end(session: Session, *which: object) -> None:
    statement = update(Telling).where(*which)  # type: ignore[arg-type]
    values = {"state": TellingState.ENDED, "look_at": None}
    session.execute(statement.values(**values).execution_options(synchronize_session=False))


def messages(session: Session, telling: Telling) -> list[Notification]:
    """The messages of one occasion, oldest first."""
    query = select(Notification).where(
        Notification.exam_id == telling.exam_id,
        Notification.kind == telling.kind,
        Notification.occasion == telling.occasion,
    )
    return list(session.scalars(query.order_by(Notification.created_at, Notification.channel)))


def next_occasion(session: Session, exam_id: uuid.UUID, kind: str) -> int:
    """One more than any occasion of this kind that the exam has had."""
    last = 0
    for table in (Notification, Telling):
        query = select(func.max(table.occasion)).where(table.exam_id == exam_id, table.kind == kind)
        last = max(last, session.scalar(query) or 0)
    return last + 1


def is_under_way(session: Session, exam_id: uuid.UUID) -> bool:
    """Whether a text message follows a notice of this exam in a moment."""
    query = select(Telling.id).where(
        Telling.exam_id == exam_id, Telling.state == TellingState.WECHAT, Telling.look_at.is_not(None)
    )
    return session.scalars(query.limit(1)).first() is not None


def at_desk_without_message(session: Session, since: datetime, limit: int) -> list[tuple[Telling, Exam]]:
    """News that no channel could carry, and that no browser opened: the patient has no address; newest first."""
    told = select(Notification.id).where(Notification.exam_id == Telling.exam_id)
    opened = select(KnownDevice.id).where(KnownDevice.exam_id == Telling.exam_id)
    query = (
        select(Telling, Exam)
        .join(Exam, Exam.id == Telling.exam_id)
        .where(Telling.state == TellingState.DESK, Telling.begun_at >= since, ~told.exists(), ~opened.exists())
    )
    found = session.execute(query.order_by(Telling.begun_at.desc(), Telling.id).limit(limit))
    return [(telling, exam) for telling, exam in found]
