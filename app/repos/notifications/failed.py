"""Messages that came to nothing, of exams whose patient was told by no other."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from app.models import AccessCode, Exam, Notification


def newest(session: Session, since: datetime, one_time: str, resend: str, limit: int) -> list[Notification]:
    """Failed news since an instant, newest first. `one_time` and `resend` are how the names of such events begin."""
    query = select(Notification).join(Exam, Exam.id == Notification.exam_id)
    query = query.where(Notification.state == "failed", *_untold(since, one_time, resend))
    return list(session.scalars(query.order_by(Notification.created_at.desc(), Notification.id).limit(limit)))


def codes(session: Session, since: datetime) -> list[str]:
    """Every failure code of a failed message since an instant."""
    query = select(Notification.failure_code).where(
        Notification.state == "failed", Notification.created_at >= since, Notification.failure_code.is_not(None)
    )
    return [code for code in session.scalars(query.distinct()) if code is not None]


def sendable_again(
    session: Session,
    since: datetime,
    now: datetime,
    one_time: str,
    resend: str,
    failure_codes: Collection[str],
    among: Collection[uuid.UUID] | None = None,
) -> list[uuid.UUID]:
    """Ids of news that failed for one of these codes, or waited in vain, whose own code still opens; oldest first.
    `among`: only these are looked at."""
    in_vain = and_(Notification.state == "desk", Notification.sent_at.is_(None))
    failed = and_(Notification.state == "failed", Notification.failure_code.in_(failure_codes))
    opens = and_(AccessCode.revoked_at.is_(None), or_(AccessCode.expires_at.is_(None), AccessCode.expires_at > now))
    query = select(Notification.id).join(Exam, Exam.id == Notification.exam_id)
    query = query.outerjoin(AccessCode, AccessCode.id == Notification.access_code_id)
    query = query.where(
        or_(failed, in_vain), or_(Notification.access_code_id.is_(None), opens), *_untold(since, one_time, resend)
    )
    if among is not None:
        query = query.where(Notification.id.in_(among))
    return list(session.scalars(query.order_by(Notification.created_at, Notification.id)))


def _untold(since: datetime, one_time: str, resend: str) -> tuple[ColumnElement[Any], ...]:
    """Another message tells the same when it is of the same event or came later, and may arrive or did; one that was
    sent anew by staff takes the place of all before it on its channel, also if it failed."""
    other = aliased(Notification)
    may_arrive = other.state.in_(("pending", "sending", "accepted", "unknown", "delivered"))
    tells = and_(may_arrive, or_(other.event == Notification.event, other.created_at > Notification.created_at))
    replaces = and_(
        other.event.startswith(resend, autoescape=True),
        other.channel == Notification.channel,
        other.created_at > Notification.created_at,
    )
    is_told = exists().where(
        other.exam_id == Notification.exam_id,
        other.id != Notification.id,
        ~other.event.startswith(one_time, autoescape=True),
        or_(tells, replaces),
    )
    return (
        Notification.created_at >= since,
        ~Notification.event.startswith(one_time, autoescape=True),
        Exam.images_released_at.is_not(None),
        ~is_told,
    )
