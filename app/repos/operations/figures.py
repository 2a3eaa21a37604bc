"""Counts of rows for people who watch the service. No count names a person. app/services/operations asks for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BindParameter, bindparam, delete, func, insert, select
from sqlalchemy.orm import Session

from app.models import Exam, Job, Notification, QuarantineItem, RowCount, Study, StudyOrder
from app.models.states import JobState

Counts = dict[tuple[str, ...], int]
MESSAGES, STUDIES, QUARANTINED = "messages", "studies", "quarantined"
NAMES = (MESSAGES, STUDIES, QUARANTINED)
"""What is counted as it is written: the names of rows of `RowCount`."""
# In the text of the statement: so PostgreSQL sees that the index of jobs that are not done serves.
_DONE: BindParameter[str] = bindparam(None, JobState.DONE, literal_execute=True)


def jobs(session: Session) -> Counts:
    """The number of jobs by kind and state, without finished jobs: they are many, and nobody asks for them."""
    return _counted(session, (Job.kind, Job.state), Job.state != _DONE)


def kept(session: Session, name: str) -> Counts:
    """What is counted as it is written: messages by channel and state; studies by state and match state, of which one
    of several orders counts once for each; quarantined objects without labels."""
    query = select(RowCount.first, RowCount.second, RowCount.counted)
    rows = session.execute(query.where(RowCount.name == name, RowCount.counted != 0))
    return {(first, second): counted for first, second, counted in rows}


def counted_anew(session: Session, name: str) -> Counts:
    """The same from the rows themselves: reads whole tables."""
    if name == MESSAGES:
        return _counted(session, (Notification.channel, Notification.state))
    if name == STUDIES:
        return _counted(session, (Study.state, StudyOrder.match_state), StudyOrder.study_id == Study.id)
    count = session.scalar(select(func.count()).select_from(QuarantineItem)) or 0
    return {("", ""): count} if count else {}


def put(session: Session, name: str, counts: Mapping[tuple[str, ...], int]) -> None:
    """These are the counts of this name from now on."""
    session.execute(delete(RowCount).where(RowCount.name == name))
    rows = [{"name": name, "first": key[0], "second": key[1], "counted": count} for key, count in counts.items()]
    if rows:
        session.execute(insert(RowCount), rows)


def held_exams(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Exam).where(Exam.held_at.is_not(None))) or 0


def _counted(session: Session, columns: tuple[Any, Any], *where: Any) -> Counts:
    query = select(*columns, func.count()).where(*where).group_by(*columns)
    return {(row[0], row[1]): row[2] for row in session.execute(query)}
