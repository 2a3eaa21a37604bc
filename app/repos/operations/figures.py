"""Counts of rows for people who watch the service. No count names a person. app/services/operations asks for them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import Exam, Job, Notification, QuarantineItem, Study, StudyOrder
from app.models.states import JobState


def jobs(session: Session) -> dict[tuple[str, ...], int]:
    """The number of jobs by kind and state, without finished jobs: they are many, and nobody asks for them."""
    return _counted(session, (Job.kind, Job.state), Job.state != JobState.DONE)


def messages(session: Session) -> dict[tuple[str, ...], int]:
    """The number of messages by channel and state."""
    return _counted(session, (Notification.channel, Notification.state))


def studies(session: Session) -> dict[tuple[str, ...], int]:
    """The number of studies by state and match state; one of several orders counts once for each."""
    return _counted(session, (Study.state, StudyOrder.match_state), StudyOrder.study_id == Study.id)


def quarantined(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(QuarantineItem)) or 0


def held_exams(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Exam).where(Exam.held_at.is_not(None))) or 0


def _counted(session: Session, columns: tuple[Any, Any], *where: Any) -> dict[tuple[str, ...], int]:
    query = select(*columns, func.count()).where(*where).group_by(*columns)
    return {(row[0], row[1]): row[2] for row in session.execute(query)}
