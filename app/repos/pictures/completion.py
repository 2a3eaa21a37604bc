"""Rows of studies that wait for their last instance. When a study is complete: app/services/pictures/completion."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.models import Study
from app.models.states import StudyState
from app.repos.changed_rows import changed_rows
from app.repos.due_times import is_due


def quiet(
    session: Session, now: datetime, period: timedelta, limit: int, without: Collection[uuid.UUID]
) -> list[Study]:
    """Studies that still receive and got no instance for `period`, except those in `without`; oldest first."""
    is_quiet = is_due(Study.last_instance_at, now - period, furthest=period)
    query = select(Study).where(Study.state == StudyState.RECEIVING, is_quiet, Study.id.not_in(without))
    return list(session.scalars(query.order_by(Study.last_instance_at).limit(limit)))


def by_id(session: Session, study_id: uuid.UUID) -> Study | None:
    return session.get(Study, study_id)


def by_uid(session: Session, study_instance_uid: str) -> Study | None:
    return session.scalars(select(Study).where(Study.study_instance_uid == study_instance_uid)).one_or_none()


def complete(session: Session, study_id: uuid.UUID, revision: int, last_instance_at: datetime) -> bool:
    """Close a study that is still as it was read; False when it changed meanwhile."""
    statement = (
        update(Study)
        .where(
            Study.id == study_id,
            Study.state == StudyState.RECEIVING,
            Study.revision == revision,
            Study.last_instance_at == last_instance_at,
        )
        .values(state=StudyState.COMPLETE)
    )
    return changed_rows(session, statement) == 1
