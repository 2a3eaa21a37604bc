"""Studies as the service desk sees them, in every match state. Matching itself is in app/services/exams."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import Instance, Study
from app.models.base import accession_key
from app.models.states import MatchState


def studies(session: Session, accession_number: str) -> list[tuple[Study, int]]:
    """Every study of an accession number with its number of instances, in every match state; oldest first."""
    query = (
        select(Study, func.count(Instance.id))
        .outerjoin(Instance, Instance.study_id == Study.id)
        .where(Study.accession_key == accession_key(accession_number))
        .group_by(Study.id)
        .order_by(Study.created_at)
    )
    return [(study, count) for study, count in session.execute(query)]


def not_matched(session: Session, limit: int) -> list[tuple[Study, int]]:
    """Studies without an exam, so that no patient sees them, with their number of instances; newest first."""
    query = (
        select(Study, func.count(Instance.id))
        .outerjoin(Instance, Instance.study_id == Study.id)
        .where(Study.match_state != MatchState.MATCHED)
        .group_by(Study.id)
        .order_by(Study.last_instance_at.desc())
        .limit(limit)
    )
    return [(study, count) for study, count in session.execute(query)]
