"""Counts of rows for people who watch the service. No count names a person. app/services/operations asks for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, String, bindparam, cast, delete, func, insert, select
from sqlalchemy.orm import Session

from app.models import Exam, Job, NewsCount, Notification, QuarantineItem, RowCount, Study, StudyOrder
from app.models.states import JobState
from app.repos.notifications.funnel import NUMBERS, numbers_of_rows

Counts = dict[tuple[str, ...], int]
MESSAGES, STUDIES, QUARANTINED, NEWS = "messages", "studies", "quarantined", "news"
NAMES = (MESSAGES, STUDIES, QUARANTINED, NEWS)
"""What is counted as it is written: the names of rows of `RowCount`, and `NEWS`, which `NewsCount` has by day."""
# In the text of the statement: so PostgreSQL sees that the index of jobs that are not done serves.
_DONE: BindParameter[str] = bindparam(None, JobState.DONE, literal_execute=True)


def jobs(session: Session) -> Counts:
    """The number of jobs by kind and state, without finished jobs: they are many, and nobody asks for them."""
    return _counted(session, (Job.kind, Job.state), Job.state != _DONE)


def kept(session: Session, name: str) -> Counts:
    """What is counted as it is written: messages by channel and state; studies by state and match state, of which one
    of several orders counts once for each; quarantined objects without labels; news by day, channel and number."""
    if name == NEWS:
        return _by_number(
            session, select(NewsCount.day, NewsCount.channel, *(getattr(NewsCount, one) for one in NUMBERS))
        )
    query = select(RowCount.first, RowCount.second, RowCount.counted)
    rows = session.execute(query.where(RowCount.name == name, RowCount.counted != 0))
    return {(first, second): counted for first, second, counted in rows}


def counted_anew(session: Session, name: str) -> Counts:
    """The same from the rows themselves: reads whole tables."""
    if name == MESSAGES:
        return _counted(session, (Notification.channel, Notification.state))
    if name == STUDIES:
        return _counted(session, (Study.state, StudyOrder.match_state), StudyOrder.study_id == Study.id)
    if name == NEWS:
        day = _day_of_message(session)
        query = select(day, Notification.channel, *numbers_of_rows().values())
        return _by_number(session, query.group_by(day, Notification.channel))
    count = session.scalar(select(func.count()).select_from(QuarantineItem)) or 0
    return {("", ""): count} if count else {}


def put(session: Session, name: str, counts: Mapping[tuple[str, ...], int]) -> None:
    """These are the counts of this name from now on."""
    if name == NEWS:
        _put_news(session, counts)
        return
    session.execute(delete(RowCount).where(RowCount.name == name))
    rows = [{"name": name, "first": key[0], "second": key[1], "counted": count} for key, count in counts.items()]
    if rows:
        session.execute(insert(RowCount), rows)


def _put_news(session: Session, counts: Mapping[tuple[str, ...], int]) -> None:
    session.execute(delete(NewsCount))
    days = sorted({(day, channel) for day, channel, _ in counts})
    rows = [
        {"day": day, "channel": channel} | {one: counts.get((day, channel, one), 0) for one in NUMBERS}
        for day, channel in days
    ]
    if rows:
        session.execute(insert(NewsCount), rows)


def held_exams(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Exam).where(Exam.held_at.is_not(None))) or 0


def _counted(session: Session, columns: tuple[Any, Any], *where: Any) -> Counts:
    query = select(*columns, func.count()).where(*where).group_by(*columns)
    return {(row[0], row[1]): row[2] for row in session.execute(query)}


def _by_number(session: Session, query: Any) -> Counts:
    """Of rows of day, channel and NUMBERS; what is 0 is left out, as a day without messages has no row."""
    return {
        (day, channel, one): int(number)
        for day, channel, *numbers in session.execute(query)
        for one, number in zip(NUMBERS, numbers, strict=True)
        if number
    }


def _day_of_message(session: Session) -> ColumnElement[Any]:
    """In UTC, which is how SQLite keeps times."""
    on_sqlite = session.get_bind().dialect.name == "sqlite"
    at = Notification.created_at if on_sqlite else func.timezone("UTC", Notification.created_at)
    return func.substr(cast(at, String), 1, 10)
