"""Messages that failed, of exams whose patient was told by no other message."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from app.models import AccessCode, Exam, Notification, NotificationKind, NotificationState

MAY_ARRIVE = (
    NotificationState.PENDING,
    NotificationState.SENDING,
    NotificationState.ACCEPTED,
    NotificationState.UNKNOWN,
    NotificationState.DELIVERED,
)
"""Or did."""


def newest(session: Session, since: datetime, limit: int) -> list[Notification]:
    """Failed news since an instant, newest first."""
    query = select(Notification).join(Exam, Exam.id == Notification.exam_id)
    query = query.where(Notification.state == NotificationState.FAILED, *_untold(since))
    return list(session.scalars(query.order_by(Notification.created_at.desc(), Notification.id).limit(limit)))


def codes(session: Session, since: datetime) -> list[tuple[str, str]]:
    """Every failure code of a failed message since an instant, with its channel."""
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
    """Ids of news that failed for one of its channel's codes, or waited in vain, whose own code still opens; oldest
    first. `among`: only these are looked at."""
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
    """Another message tells the same when it is of the same occasion or came later, and may arrive or did; one that was
    sent anew by staff takes the place of all before it on its channel, also if it failed."""
    other = aliased(Notification)
    same_occasion = and_(other.kind == Notification.kind, other.occasion == Notification.occasion)
    tells = and_(other.state.in_(MAY_ARRIVE), or_(same_occasion, other.created_at > Notification.created_at))
    replaces = and_(
        other.kind == NotificationKind.RESEND,
        other.channel == Notification.channel,
        other.created_at > Notification.created_at,
    )
    is_told = exists().where(
        other.exam_id == Notification.exam_id,
        other.id != Notification.id,
        other.kind != NotificationKind.ONE_TIME_CODE,
        or_(tells, replaces),
    )
    return (
        Notification.created_at >= since,
        Notification.kind != NotificationKind.ONE_TIME_CODE,
        Exam.images_released_at.is_not(None),
        ~is_told,
    )
