"""Rows of the outbox: notifications, their events, early receipts. Sending is in app/services/notifications."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, exists, false, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from app.models import (
    NO_NEWS,
    AccessCode,
    EarlyReceipt,
    EventDetail,
    Exam,
    Notification,
    NotificationEvent,
    NotificationState,
)
from app.repos.changed_rows import changed_rows
from app.repos.due_times import is_due
from app.repos.keyset import Place, rows_at

FURTHEST = timedelta(hours=72)
"""No due time of a message is further ahead."""


def add(session: Session, row: Notification | NotificationEvent | EarlyReceipt) -> None:
    session.add(row)
    session.flush()


def get(session: Session, notification_id: uuid.UUID) -> Notification | None:
    return session.get(Notification, notification_id)


def by_serial(session: Session, serial: str) -> Notification | None:
    """The message itself, not those that it carries."""
    query = select(Notification).where(Notification.provider_serial == serial, Notification.carried_by_id.is_(None))
    return session.scalars(query).first()


def due(session: Session, states: Collection[str], now: datetime, limit: int) -> list[uuid.UUID]:
    """Ids of messages in one of these states whose due time has come; the longest due first. Not those that another
    message carries, and not those that were never handed over."""
    query = select(Notification.id).where(
        Notification.state.in_(states),
        is_due(Notification.next_attempt_at, now, FURTHEST),
        Notification.carried_by_id.is_(None),
        Notification.sent_at.is_not(None),
    )
    return list(session.scalars(query.order_by(Notification.next_attempt_at).limit(limit)))


def repeatable(session: Session, since: Mapping[str, datetime], now: datetime, limit: int) -> list[uuid.UUID]:
    """Ids of messages of unknown outcome that are due and were first handed over after an instant of their channel."""
    young = [
        and_(Notification.channel == channel, Notification.sent_at > instant) for channel, instant in since.items()
    ]
    query = select(Notification.id).where(
        Notification.state == NotificationState.UNKNOWN,
        is_due(Notification.next_attempt_at, now, FURTHEST),
        Notification.carried_by_id.is_(None),
        or_(false(), *young),
    )
    return list(session.scalars(query.order_by(Notification.next_attempt_at).limit(limit)))


def sendable(session: Session, now: datetime, limit: int) -> list[uuid.UUID]:
    """Ids of pending messages whose due time has come; the longest due first.

    A message about a held exam waits until the hold is lifted. What tells no news does not wait: it says nothing
    about the exam.
    """
    query = (
        select(Notification.id)
        .join(Exam, Exam.id == Notification.exam_id)
        .where(
            Notification.state == NotificationState.PENDING,
            is_due(Notification.next_attempt_at, now, FURTHEST),
            or_(Exam.held_at.is_(None), Notification.kind.in_(NO_NEWS)),
        )
    )
    return list(session.scalars(query.order_by(Notification.next_attempt_at).limit(limit)))


def change(
    session: Session,
    notification_id: uuid.UUID,
    states: Collection[str],
    due_at: datetime | None,
    values: dict[str, Any],
) -> bool:
    """Change a message only while it is in one of `states`, and, with `due_at`, due at that time. False when it is not
    changed."""
    statement = update(Notification).where(Notification.id == notification_id, Notification.state.in_(states))
    if due_at is not None:
        statement = statement.where(is_due(Notification.next_attempt_at, due_at, FURTHEST))
    return changed_rows(session, statement.values(**values)) == 1


def of_exam(session: Session, exam_id: uuid.UUID) -> list[Notification]:
    query = select(Notification).where(Notification.exam_id == exam_id)
    return list(session.scalars(query.order_by(Notification.created_at, Notification.channel)))


def count_occasions(session: Session, exam_id: uuid.UUID, kind: str, since: datetime | None = None) -> int:
    """How many occasions of this kind the exam has had, over all channels; `since`: only those after that time."""
    query = select(func.count(func.distinct(Notification.occasion)))
    query = query.where(Notification.exam_id == exam_id, Notification.kind == kind)
    return session.scalar(query if since is None else query.where(Notification.created_at > since)) or 0


def events(session: Session, ids: Collection[uuid.UUID]) -> list[NotificationEvent]:
    query = select(NotificationEvent).where(NotificationEvent.notification_id.in_(ids))
    return list(session.scalars(query.order_by(NotificationEvent.at, NotificationEvent.id)))


def first_sending_at(session: Session, notification_id: uuid.UUID) -> datetime | None:
    """The time of the first sending since the message was last queued; None when it was not sent since then."""
    event = NotificationEvent
    of_row = event.notification_id == notification_id
    queued = event.detail.in_((EventDetail.QUEUED, EventDetail.QUEUED_AGAIN))
    queued_at = select(func.max(event.at)).where(of_row, queued).scalar_subquery()
    query = select(func.min(event.at)).where(of_row, event.state == NotificationState.SENDING, event.at >= queued_at)
    return session.scalar(query)


def to_be_settled(session: Session, place: Place | None, limit: int) -> list[Notification]:
    """Messages at the desk, newest first; not those after which the patient was told by another way."""
    later = aliased(Notification)
    followed = exists().where(
        later.exam_id == Notification.exam_id,
        later.kind == Notification.kind,
        later.occasion == Notification.occasion,
        later.created_at > Notification.created_at,
    )
    query = select(Notification).where(Notification.state == NotificationState.DESK, ~followed)
    order = (Notification.created_at, Notification.id)
    return [row[0] for row in rows_at(session, query, order, place, limit)]


def without_serial(session: Session, channels: Collection[str], since: datetime, limit: int) -> list[Notification]:
    """Messages that may be on their way although the carrier told us no serial, also those that are being sent now.

    There are few of them, but after an outage of the carrier all messages of that time are among them.
    """
    query = select(Notification).where(
        Notification.channel.in_(channels),
        Notification.state.in_((NotificationState.SENDING, NotificationState.UNKNOWN, NotificationState.DESK)),
        Notification.provider_serial.is_(None),
        Notification.carried_by_id.is_(None),
        Notification.sent_at >= since,
    )
    return list(session.scalars(query.limit(limit)))


def access_code(session: Session, access_code_id: uuid.UUID) -> AccessCode | None:
    return session.get(AccessCode, access_code_id)
