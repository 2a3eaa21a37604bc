"""Failed messages of exams whose patient got no other message. Sending again is app/services/desk/failed_messages."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from app.models import FOR_RELATIVES, NO_NEWS, AccessCode, Exam, Notification, NotificationKind, NotificationState
from app.repos.keyset import Place, rows_at

MAY_ARRIVE = (
    NotificationState.PENDING,
    NotificationState.SENDING,
    NotificationState.ACCEPTED,
    NotificationState.UNKNOWN,
    NotificationState.DELIVERED,
)
"""The states of a message that arrived or may still arrive."""


def newest(session: Session, since: datetime, place: Place | None, limit: int) -> list[Notification]:
    """Failed messages created since an instant, newest first; no one-time codes."""
    query = select(Notification).join(Exam, Exam.id == Notification.exam_id)
    query = query.where(Notification.state == NotificationState.FAILED, *_untold(since))
    order = (Notification.created_at, Notification.id)
    return [row[0] for row in rows_at(session, query, order, place, limit)]


def codes(session: Session, since: datetime) -> list[tuple[str, str]]:
    """(channel, failure code) of all messages that failed and were created since an instant, each pair once."""
    query = select(Notification.channel, Notification.failure_code).where(
        Notification.state == NotificationState.FAILED,
        Notification.created_at >= since,
        Notification.failure_code.is_not(None),
    )
    return [(channel, code) for channel, code in session.execute(query.distinct()) if code is not None]


def sendable_again(
    session: Session,
    since: datetime,
    now: datetime,
    failure_codes: Mapping[str, Collection[str]],
    among: Collection[uuid.UUID] | None = None,
) -> list[uuid.UUID]:
    """Ids of messages that can be sent again, oldest first; no one-time codes.

    The message failed with one of the `failure_codes` of its channel, or it was never sent and waits at the desk. Its
    pick-up code, if it has one, is still valid. `among`: only these ids are looked at.
    """
    in_vain = and_(Notification.state == NotificationState.DESK, Notification.sent_at.is_(None))
    failed = [
        and_(
            Notification.state == NotificationState.FAILED,
            Notification.channel == channel,
            Notification.failure_code.in_(codes),
        )
        for channel, codes in failure_codes.items()
    ]
    opens = and_(AccessCode.revoked_at.is_(None), or_(AccessCode.expires_at.is_(None), AccessCode.expires_at > now))
    query = select(Notification.id).join(Exam, Exam.id == Notification.exam_id)
    query = query.outerjoin(AccessCode, AccessCode.id == Notification.access_code_id)
    query = query.where(or_(in_vain, *failed), or_(Notification.access_code_id.is_(None), opens), *_untold(since))
    if among is not None:
        query = query.where(Notification.id.in_(among))
    return list(session.scalars(query.order_by(Notification.created_at, Notification.id)))


def _untold(since: datetime) -> tuple[ColumnElement[Any], ...]:
    """Conditions: no other message tells the patient the same, or replaces this one.

    Another message tells the same when it arrived or may arrive, and has the same occasion or is newer. A message that
    staff sent again replaces all older messages of its channel, also when it failed. What goes to a relative stands
    apart: only the other message to this relative tells it.
    """
    other = aliased(Notification)
    same_occasion = and_(other.kind == Notification.kind, other.occasion == Notification.occasion)
    to_patient = and_(Notification.kind.not_in(FOR_RELATIVES), other.kind.not_in(FOR_RELATIVES))
    newer = and_(to_patient, other.created_at > Notification.created_at)
    tells = and_(other.state.in_(MAY_ARRIVE), or_(same_occasion, newer))
    replaces = and_(
        other.kind == NotificationKind.RESEND,
        other.channel == Notification.channel,
        other.created_at > Notification.created_at,
    )
    is_told = exists().where(
        other.exam_id == Notification.exam_id,
        other.id != Notification.id,
        other.kind.not_in(NO_NEWS),
        or_(tells, replaces),
    )
    return (
        Notification.created_at >= since,
        Notification.kind.not_in(NO_NEWS),
        or_(Exam.images_released_at.is_not(None), Exam.report_released_at.is_not(None)),
        ~is_told,
    )
