"""Rows of the keys by which machines find studies by name. What a key is made of: services/dicomweb/study_names.py."""

from __future__ import annotations

from sqlalchemy import delete, exists, insert, select
from sqlalchemy.orm import Session

from app.models import Study, StudyNameKey


def due(session: Session, limit: int) -> list[Study]:
    """Studies without keys, or with those of before a correction; those that came last first."""
    query = select(Study).where(Study.names_due).order_by(Study.last_instance_at.desc())
    return list(session.scalars(query.limit(limit)))


def any_due(session: Session) -> bool:
    return bool(session.scalar(select(exists().where(Study.names_due))))


def replace(session: Session, study: Study, hashes: set[bytes]) -> None:
    """These are the keys of the study now."""
    session.execute(delete(StudyNameKey).where(StudyNameKey.study_id == study.id))
    rows = [{"key_hash": each, "came_at": study.created_at, "study_id": study.id} for each in sorted(hashes)]
    if rows:
        session.execute(insert(StudyNameKey), rows)
