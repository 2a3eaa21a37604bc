"""Rows of jobs. Every change is one conditional UPDATE, so that workers on many nodes may try at once.

app/services/queue decides how long a lease is and when to try again.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BindParameter, Update, and_, bindparam, func, or_, select, update
from sqlalchemy.orm import Session

from app.models import Job
from app.models.states import JobState
from app.repos.changed_rows import changed_rows
from app.repos.due_times import is_due
from app.repos.keyset import Place, rows_at

# In the text of the statement: so PostgreSQL sees that the index of jobs that are not done serves.
_DONE: BindParameter[str] = bindparam(None, JobState.DONE, literal_execute=True)
FURTHEST = timedelta(minutes=10)
"""No lease and no pause between tries is longer."""


def by_key(session: Session, kind: str, key: str) -> Job | None:
    return session.scalars(select(Job).where(Job.kind == kind, Job.key == key)).one_or_none()


def add(session: Session, job: Job) -> None:
    session.add(job)
    session.flush()


def due(session: Session, now: datetime, limit: int, kind: str | None = None) -> list[Job]:
    """Jobs that may be claimed: pending and due, or running with an expired lease. The longest due first."""
    query = select(Job).where(_claimable(now))
    if kind is not None:
        query = query.where(Job.kind == kind)
    return list(session.scalars(query.order_by(Job.run_at).limit(limit)))


def claim(session: Session, job_id: uuid.UUID, now: datetime, lease_until: datetime) -> bool:
    statement = (
        update(Job)
        .where(Job.id == job_id, _claimable(now))
        .values(state=JobState.RUNNING, attempts=Job.attempts + 1, lease_until=lease_until)
    )
    return _changed(session, statement)


def change_claimed(session: Session, job_id: uuid.UUID, attempt: int, **values: Any) -> bool:
    """Change a job only while this attempt still holds it; False when another worker took the job over."""
    statement = (
        update(Job).where(Job.id == job_id, Job.state == JobState.RUNNING, Job.attempts == attempt).values(**values)
    )
    return _changed(session, statement)


def failed(session: Session, place: Place | None, limit: int) -> list[Job]:
    """Newest first."""
    query = select(Job).where(Job.state == JobState.FAILED, Job.finished_at.is_not(None))
    return [row[0] for row in rows_at(session, query, (Job.finished_at, Job.id), place, limit)]


def revive(session: Session, job_id: uuid.UUID, now: datetime) -> bool:
    statement = (
        update(Job)
        .where(Job.id == job_id, Job.state == JobState.FAILED)
        .values(state=JobState.PENDING, attempts=0, run_at=now, finished_at=None)
    )
    return _changed(session, statement)


def counts(session: Session) -> dict[str, int]:
    """The number of jobs by state, without finished jobs."""
    query = select(Job.state, func.count().label("count")).where(Job.state != _DONE).group_by(Job.state)
    return {row[0]: row[1] for row in session.execute(query)}


def _claimable(now: datetime) -> Any:
    waiting = and_(Job.state == JobState.PENDING, is_due(Job.run_at, now, FURTHEST))
    return or_(
        waiting, and_(Job.state == JobState.RUNNING, is_due(Job.lease_until, now - timedelta.resolution, FURTHEST))
    )


def _changed(session: Session, statement: Update) -> bool:
    """Job objects in the session keep the values they were read with: a worker counts attempts on from them."""
    return changed_rows(session, statement.execution_options(synchronize_session=False)) == 1
