"""Studies that may belong to an exam. Whether they do is decided in app/services/exams/matching."""

from __future__ import annotations

import uuid

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import Session

from app.models import Instance, Study
from app.models.base import accession_key
from app.models.states import MatchReason, MatchState
from app.repos.ingest.rejections import may_be_shown


def studies_of_accession(session: Session, accession_number: str, limit: int) -> list[Study]:
    """Studies with this accession number, without detached studies. Studies that have an exam come first, then the
    oldest."""
    query = select(Study).where(
        Study.accession_key == accession_key(accession_number), Study.match_state != MatchState.DETACHED
    )
    return list(session.scalars(query.order_by(Study.exam_id.is_(None), Study.created_at).limit(limit)))


def unmatched_of_key(session: Session, key: str, limit: int) -> list[Study]:
    """Studies with this accession key that have no exam, oldest first."""
    query = select(Study).where(Study.accession_key == key, Study.match_state == MatchState.UNMATCHED)
    return list(session.scalars(query.order_by(Study.created_at).limit(limit)))


def count_of_exam(session: Session, exam_id: uuid.UUID) -> int:
    return session.scalar(select(func.count()).where(Study.exam_id == exam_id)) or 0


def contradicting_studies(
    session: Session, accession_number: str, limit: int, *, not_withdrawn: bool = False
) -> list[Study]:
    """Studies that name another patient than the exam does, or several patients, oldest first. Studies that staff
    parted from the exam are left out; with `not_withdrawn` also those of which every object was rejected."""
    unsettled = and_(
        Study.match_state == MatchState.DETACHED, func.coalesce(Study.match_reason, "") != MatchReason.PARTED
    )
    query = select(Study).where(
        Study.accession_key == accession_key(accession_number), or_(Study.match_state == MatchState.MISMATCH, unsettled)
    )
    if not_withdrawn:
        query = query.where(exists().where(Instance.study_id == Study.id, may_be_shown()))
    return list(session.scalars(query.order_by(Study.created_at).limit(limit)))


def has_object_to_show(session: Session, exam_id: uuid.UUID) -> bool:
    """Whether a matched study of the exam has an object that was not rejected."""
    matched = (Study.exam_id == exam_id, Study.match_state == MatchState.MATCHED)
    return bool(session.scalar(select(exists().where(*matched, Instance.study_id == Study.id, may_be_shown()))))
