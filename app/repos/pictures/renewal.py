"""Rows of studies whose pictures an older release prepared."""

from __future__ import annotations

import uuid

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.models import Instance, Study
from app.models.states import StudyState
from app.repos.changed_rows import changed_rows


def outdated(session: Session, version: int, limit: int) -> list[Study]:
    """Prepared studies of a lower version, the newest first."""
    query = select(Study).where(Study.prepared_version < version, Study.state == StudyState.PREPARED)
    return list(session.scalars(query.order_by(Study.last_instance_at.desc()).limit(limit)))


def open_again(session: Session, study_id: uuid.UUID, revision: int) -> bool:
    """Raise the revision, so that another preparation is due; False when the study changed meanwhile."""
    unchanged = (Study.id == study_id, Study.revision == revision, Study.state == StudyState.PREPARED)
    statement = update(Study).where(*unchanged).values(revision=revision + 1, state=StudyState.COMPLETE)
    return changed_rows(session, statement) == 1


def put_header(session: Session, instance_id: uuid.UUID, header: dict[str, object]) -> None:
    session.execute(update(Instance).where(Instance.id == instance_id).values(image_header=header))
