"""How far messages with news came: queued, accepted, delivered, opened, viewed. Counts only."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, func, or_, select, update
from sqlalchemy.orm import Session

from app.models import NO_NEWS, Notification, NotificationKind, NotificationState

STEPS = ("queued", "accepted", "delivered", "opened", "viewed")
"""Each is part of the one before, except that a message without a receipt may be opened."""


@dataclass(frozen=True)
class ChannelCounts:
    """`steps`: messages by step of STEPS. `segments`: what the carrier charges."""

    channel: str
    steps: dict[str, int]
    segments: int


def counts(session: Session, since: datetime) -> list[ChannelCounts]:
    """Of messages with news that were queued after `since`, by channel; a message that another one carries counts too,
    because its exam was told."""
    row = Notification
    conditions: dict[str, ColumnElement[Any]] = {
        "accepted": or_(row.provider_serial.is_not(None), row.state == NotificationState.DELIVERED),
        "delivered": row.state == NotificationState.DELIVERED,
        "opened": row.opened_at.is_not(None),
        "viewed": row.viewed_at.is_not(None),
    }
    columns = [func.sum(case((condition, 1), else_=0)) for condition in conditions.values()]
    query = select(row.channel, func.sum(row.segments), func.count(), *columns)
    query = query.where(row.created_at > since, row.kind.not_in(NO_NEWS))
    found = session.execute(query.group_by(row.channel).order_by(row.channel))
    return [
        ChannelCounts(channel, dict(zip(STEPS, (int(count) for count in numbers), strict=True)), int(segments))
        for channel, segments, *numbers in found
    ]


def segments(session: Session, since: datetime) -> tuple[int, int]:
    """What carriers charge for messages that were queued after `since`: for news, and for codes."""
    of_codes = Notification.kind == NotificationKind.ONE_TIME_CODE
    news, codes = (func.sum(case((which, Notification.segments), else_=0)) for which in (~of_codes, of_codes))
    found = session.execute(select(news, codes).where(Notification.created_at > since)).one()
    return int(found[0] or 0), int(found[1] or 0)


def note_look(session: Session, exam_id: uuid.UUID, steps: Collection[str], now: datetime) -> None:
    """The patient opened the exam, or also looked at its pictures (`steps`): noted once at every message that was
    handed over before."""
    columns = {"opened": Notification.opened_at, "viewed": Notification.viewed_at}
    for step in steps:
        statement = update(Notification).where(
            Notification.exam_id == exam_id,
            Notification.kind.not_in(NO_NEWS),
            Notification.sent_at.is_not(None),
            columns[step].is_(None),
        )
        session.execute(statement.values({columns[step]: now}).execution_options(synchronize_session=False))
