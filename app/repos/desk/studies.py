"""Studies as the service desk sees them, in every match state. Matching itself is in app/services/exams."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import BindParameter, Select, and_, bindparam, exists, func, select
from sqlalchemy.orm import Session, aliased

from app.models import Exam, Instance, Series, Study, StudyOrder
from app.models.base import accession_key
from app.models.states import MatchState
from app.repos.keyset import Place, rows_at


class NamedOrder(NamedTuple):
    """An order that a study names. `instances`: objects of the whole study."""

    order: StudyOrder
    study: Study
    instances: int


class TakenAt(NamedTuple):
    modality: str
    station: str


# In the text of the statement: so SQLite sees that the index of waiting studies serves.
_MATCHED: BindParameter[str] = bindparam(None, MatchState.MATCHED, literal_execute=True)
_COUNTED = select(func.count(Instance.id)).where(Instance.study_id == Study.id).correlate(Study).scalar_subquery()
_NAMED = select(StudyOrder, Study, _COUNTED).join(Study, Study.id == StudyOrder.study_id)


def studies(session: Session, accession_number: str) -> list[NamedOrder]:
    """Every study that names an accession number, in every match state; oldest first."""
    query = _NAMED.where(StudyOrder.accession_key == accession_key(accession_number))
    return _found(session, query.order_by(Study.created_at))


def not_matched(session: Session, place: Place | None, limit: int) -> list[NamedOrder]:
    """Orders without an exam that shows the study, newest first. Where another order of the study has an exam, only
    those that contradict theirs: a header may name what this hospital never registers."""
    other = aliased(StudyOrder)
    is_shown = exists().where(other.study_id == Study.id, other.match_state == MatchState.MATCHED)
    query = _NAMED.where(
        StudyOrder.match_state != _MATCHED,
        ~and_(StudyOrder.match_state == MatchState.UNMATCHED, is_shown),
    )
    rows = rows_at(session, query, (StudyOrder.named_at, StudyOrder.id), place, limit)
    return [NamedOrder(order, study, count) for order, study, count in rows]


def other_exams(session: Session, study_ids: Collection[uuid.UUID], exam_id: uuid.UUID) -> dict[uuid.UUID, list[Exam]]:
    """The other exams that show each of these studies."""
    query = select(StudyOrder.study_id, Exam).join(Exam, Exam.id == StudyOrder.exam_id)
    query = query.where(StudyOrder.study_id.in_(study_ids), StudyOrder.match_state == MatchState.MATCHED)
    found: dict[uuid.UUID, list[Exam]] = {}
    for study_id, exam in session.execute(query.where(Exam.id != exam_id).order_by(StudyOrder.place)):
        found.setdefault(study_id, []).append(exam)
    return found


def taken(session: Session, study_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, list[TakenAt]]:
    """The devices of each of these studies, by series."""
    station = Series.attributes["StationName"].as_string()
    query = select(Series.study_id, Series.modality, func.coalesce(station, "")).where(Series.study_id.in_(study_ids))
    found: dict[uuid.UUID, list[TakenAt]] = {}
    for study_id, modality, name in session.execute(query.order_by(Series.series_number, Series.id)):
        found.setdefault(study_id, []).append(TakenAt(modality, name))
    return found


def _found(session: Session, query: Select[StudyOrder, Study, int]) -> list[NamedOrder]:
    return [NamedOrder(order, study, count) for order, study, count in session.execute(query)]
