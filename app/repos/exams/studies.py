"""Studies that may belong to an exam. Whether they do is decided in app/services/exams/matching."""

from __future__ import annotations

import uuid

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from app.models import Study
from app.models.states import MatchReason, MatchState


def studies_of_accession(session: Session, accession_number: str, limit: int) -> list[Study]:
    """Studies with this accession number, without detached studies. Studies that have an exam come first, then the
    oldest."""
    query = select(Study).where(Study.accession_number == accession_number, Study.match_state != MatchState.DETACHED)
    return list(session.scalars(query.order_by(Study.exam_id.is_(None), Study.created_at).limit(limit)))


def count_of_exam(session: Session, exam_id: uuid.UUID) -> int:
    return session.scalar(select(func.count()).where(Study.exam_id == exam_id)) or 0


def contradicting_studies(session: Session, accession_number: str, limit: int) -> list[Study]:
    """Studies that name another patient than the exam does, or several patients, oldest first. Studies that staff
    parted from the exam are left out."""
    unsettled = and_(
        Study.match_state == MatchState.DETACHED, func.coalesce(Study.match_reason, "") != MatchReason.PARTED
    )
    query = select(Study).where(
        Study.accession_number == accession_number, or_(Study.match_state == MatchState.MISMATCH, unsettled)
    )
    return list(session.scalars(query.order_by(Study.created_at).limit(limit)))
