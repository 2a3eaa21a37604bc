"""How far messages with news came: queued, accepted, delivered, opened, viewed. Counts only."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select, update
from sqlalchemy.orm import Session

from app.models import ABOUT_ACCESS, NO_NEWS, NewsCount, Notification, NotificationKind, NotificationState

STEPS = ("queued", "accepted", "delivered", "opened", "viewed")
"""Each is part of the one before, except that a message without a receipt may be opened."""
NUMBERS = (*STEPS, "segments", "access_segments", "code_segments")
"""The numbers of `NewsCount`."""


@dataclass(frozen=True)
class ChannelCounts:
    """`steps`: messages with news by step of STEPS. What the carrier charges: `segments` of news, `access_segments` of
    messages about who may see, `code_segments` of one-time codes."""

    channel: str
    steps: dict[str, int]
    segments: int
    access_segments: int = 0
    code_segments: int = 0


def counts(session: Session, since: datetime) -> list[ChannelCounts]:
    """Of messages that were queued after `since`, by channel; a message that another one carries counts too, because
    its exam was told. Whole days are read from `NewsCount`, what was queued on the first day is counted."""
    first_day = datetime.combine(since.astimezone(UTC).date() + timedelta(days=1), time(), UTC)
    of_first = [of.label(name) for name, of in numbers_of_rows().items()]
    rows = select(Notification.channel, *of_first).where(
        Notification.created_at > since, Notification.created_at < first_day
    )
    whole = (func.sum(getattr(NewsCount, name)) for name in NUMBERS)
    days = select(NewsCount.channel, *whole).where(NewsCount.day >= f"{first_day:%Y-%m-%d}").group_by(NewsCount.channel)
    found: defaultdict[str, list[int]] = defaultdict(lambda: [0] * len(NUMBERS))
    for query in (rows.group_by(Notification.channel), days):
        for channel, *numbers in session.execute(query):
            found[channel] = [before + int(more) for before, more in zip(found[channel], numbers, strict=True)]
    return [
        ChannelCounts(channel, dict(zip(STEPS, found[channel], strict=False)), *found[channel][len(STEPS) :])
        for channel in sorted(found)
        if any(found[channel])
    ]


def numbers_of_rows() -> dict[str, ColumnElement[Any]]:
    """What each number of `NewsCount` is a sum of, over rows of messages."""
    row = Notification
    is_news = row.kind.not_in(NO_NEWS)
    conditions: dict[str, ColumnElement[Any]] = {
        "queued": is_news,
        "accepted": and_(is_news, or_(row.provider_serial.is_not(None), row.state == NotificationState.DELIVERED)),
        "delivered": and_(is_news, row.state == NotificationState.DELIVERED),
        "opened": and_(is_news, row.opened_at.is_not(None)),
        "viewed": and_(is_news, row.viewed_at.is_not(None)),
    }
    charged = {
        "segments": is_news,
        "access_segments": row.kind.in_(ABOUT_ACCESS),
        "code_segments": row.kind == NotificationKind.ONE_TIME_CODE,
    }
    counted: dict[str, ColumnElement[Any]] = {
        name: func.sum(case((condition, 1), else_=0)) for name, condition in conditions.items()
    }
    return counted | {name: func.sum(case((which, row.segments), else_=0)) for name, which in charged.items()}


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
