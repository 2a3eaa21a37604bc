"""Studies that may belong to an exam. Whether they do is decided in app/services/exams/matching."""

from __future__ import annotations

import uuid

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from app.models import Instance, Study, StudyOrder
from app.models.base import accession_key
from app.models.states import MatchReason, MatchState
from app.repos.ingest.rejections import may_be_shown

_OF_STUDIES = select(StudyOrder, Study).join(Study, Study.id == StudyOrder.study_id)


def of_accession(session: Session, accession_number: str, limit: int) -> list[tuple[StudyOrder, Study]]:
    """Studies that name this accession number, without those detached from it. Those that have an exam come first, then
    the oldest."""
    query = _OF_STUDIES.where(
        StudyOrder.accession_key == accession_key(accession_number), StudyOrder.match_state != MatchState.DETACHED
    )
    return _pairs(session, query.order_by(StudyOrder.exam_id.is_(None), Study.created_at).limit(limit))


def unmatched_of_key(session: Session, key: str, limit: int) -> list[tuple[StudyOrder, Study]]:
    """Studies that name this accession key, which has no exam; oldest first."""
    query = _OF_STUDIES.where(StudyOrder.accession_key == key, StudyOrder.match_state == MatchState.UNMATCHED)
    return _pairs(session, query.order_by(Study.created_at).limit(limit))


def count_of_exam(session: Session, exam_id: uuid.UUID) -> int:
    return session.scalar(select(func.count()).where(StudyOrder.exam_id == exam_id)) or 0


def contradicting(
    session: Session, accession_number: str, limit: int, *, not_withdrawn: bool = False
) -> list[tuple[StudyOrder, Study]]:
    """Studies that name another patient than the exam does, or several patients, oldest first. Studies that staff
    parted from the exam are left out; with `not_withdrawn` also those of which every object was rejected."""
    unsettled = and_(
        StudyOrder.match_state == MatchState.DETACHED,
        func.coalesce(StudyOrder.match_reason, "") != MatchReason.PARTED,
    )
    query = _OF_STUDIES.where(
        StudyOrder.accession_key == accession_key(accession_number),
        or_(StudyOrder.match_state == MatchState.MISMATCH, unsettled),
    )
    if not_withdrawn:
        query = query.where(exists().where(Instance.study_id == Study.id, may_be_shown()))
    return _pairs(session, query.order_by(Study.created_at).limit(limit))


def has_object_to_show(session: Session, exam_id: uuid.UUID) -> bool:
    """Whether a matched study of the exam has an object that was not rejected."""
    of_study = (Instance.study_id == StudyOrder.study_id, may_be_shown())
    return bool(session.scalar(select(exists().where(belongs_to(exam_id), *of_study))))


def belongs_to(exam_id: uuid.UUID) -> ColumnElement[bool]:
    """A condition on `StudyOrder`: the study of this row is the exam's."""
    return and_(StudyOrder.exam_id == exam_id, StudyOrder.match_state == MatchState.MATCHED)


def _pairs(session: Session, query: Select[StudyOrder, Study]) -> list[tuple[StudyOrder, Study]]:
    return [(order, study) for order, study in session.execute(query)]
