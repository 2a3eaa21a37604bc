"""Rows of prepared series and of the instances they are made from. Pictures are made in app/services/pictures."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, func, or_, select
from sqlalchemy.orm import Session

from app.models import Exam, Instance, PreparedObject, PreparedSeries, Series, Study, StudyOrder, WorkingPack
from app.models.base import Base
from app.models.states import MatchState
from app.repos.ingest.rejections import not_rejected

_NAMED_AT_ONCE = 500
_BY_NUMBER = (Instance.instance_number.nulls_last(), Instance.received_at, Instance.sop_instance_uid)
"""Databases differ in where they put what has no number. The UID only parts what came at the same moment."""


def study(session: Session, study_id: uuid.UUID) -> Study | None:
    return session.get(Study, study_id)


def instances_of(session: Session, study_id: uuid.UUID) -> list[tuple[Series, Instance]]:
    """The instances of a study that were not rejected, with their series, by numbers and arrival."""
    query = (
        select(Series, Instance)
        .join(Instance, Instance.series_id == Series.id)
        .where(Series.study_id == study_id, not_rejected())
        .order_by(Series.series_number, Series.series_instance_uid, *_BY_NUMBER)
    )
    return [(series, instance) for series, instance in session.execute(query)]


def prepared(session: Session, study_id: uuid.UUID, revision: int) -> list[PreparedSeries]:
    query = (
        select(PreparedSeries)
        .where(PreparedSeries.study_id == study_id, PreparedSeries.revision == revision)
        .order_by(PreparedSeries.ordinal)
    )
    return list(session.scalars(query))


def add(session: Session, rows: Sequence[Base]) -> None:
    session.add_all(rows)
    session.flush()


def outdated_packs(session: Session, study_id: uuid.UUID, revision: int) -> list[str]:
    """The object keys of a study's prepared series of all other revisions than `revision`."""
    these = (PreparedSeries.study_id == study_id, PreparedSeries.revision != revision)
    query = select(PreparedSeries.preview_object_key, PreparedSeries.frame_object_key)
    rows = session.execute(query.where(*these))
    copies = select(WorkingPack.object_key).join(PreparedSeries, PreparedSeries.id == WorkingPack.series_id)
    return [key for pair in rows for key in pair] + list(session.scalars(copies.where(*these)))


def remove_outdated(session: Session, study_id: uuid.UUID, revision: int) -> None:
    """Delete the rows whose objects `outdated_packs` names, and what the same revisions listed beside pictures."""
    of_others = (PreparedObject.study_id == study_id, PreparedObject.revision != revision)
    session.execute(delete(PreparedObject).where(*of_others).execution_options(synchronize_session=False))
    these = (PreparedSeries.study_id == study_id, PreparedSeries.revision != revision)
    packs = WorkingPack.series_id.in_(select(PreparedSeries.id).where(*these))
    session.execute(delete(WorkingPack).where(packs).execution_options(synchronize_session=False))
    session.execute(delete(PreparedSeries).where(*these).execution_options(synchronize_session=False))


_IS_SHOWN: tuple[ColumnElement[bool], ...] = (
    Exam.held_at.is_(None),
    Exam.images_released_at.is_not(None),
    StudyOrder.match_state == MatchState.MATCHED,
)
"""What every look of a patient asks of exam and study: released, not held, and the study is this exam's."""


def _studies_shown(exam_id: uuid.UUID) -> Select[uuid.UUID]:
    """Each study once, also where several of its orders are this exam's."""
    query = select(StudyOrder.study_id).join(Exam, Exam.id == StudyOrder.exam_id)
    return query.where(Exam.id == exam_id, *_IS_SHOWN)


def shown_to_patients(session: Session, exam_id: uuid.UUID) -> list[tuple[PreparedSeries, Study]]:
    """What a patient of this exam may see: prepared series of its matched studies, once released and not held."""
    query = (
        select(PreparedSeries, Study)
        .join(Study, Study.id == PreparedSeries.study_id)
        .where(Study.id.in_(_studies_shown(exam_id)), PreparedSeries.revision == Study.prepared_revision)
        .order_by(Study.created_at, Study.id, PreparedSeries.ordinal)
    )
    return [(series, study) for series, study in session.execute(query)]


def objects_shown(session: Session, exam_id: uuid.UUID) -> list[tuple[PreparedObject, Instance, Study]]:
    """What is no picture of the studies of `shown_to_patients`, in the same order of studies."""
    query = (
        select(PreparedObject, Instance, Study)
        .join(Study, Study.id == PreparedObject.study_id)
        .join(Instance, Instance.id == PreparedObject.instance_id)
        .where(Study.id.in_(_studies_shown(exam_id)), PreparedObject.revision == Study.prepared_revision)
        .order_by(Study.created_at, Study.id, PreparedObject.ordinal)
    )
    return [(found, instance, study) for found, instance, study in session.execute(query)]


def instances_shown(session: Session, exam_id: uuid.UUID) -> list[tuple[Study, Series, Instance]]:
    """The instances that a patient of this exam may see, with the studies in the order of `shown_to_patients`."""
    query = (
        select(Study, Series, Instance)
        .join(Instance, Instance.study_id == Study.id)
        .join(Series, Series.id == Instance.series_id)
        .where(Study.id.in_(_studies_shown(exam_id)), Study.prepared_revision.is_not(None), not_rejected())
        .order_by(Study.created_at, Study.id, Series.series_number, Series.series_instance_uid, *_BY_NUMBER)
    )
    return [(study, series, instance) for study, series, instance in session.execute(query)]


def pictures_may_come(session: Session, exam_id: uuid.UUID, since: datetime) -> bool:
    """True when the exam has no matched study yet, when a study's newest revision is not prepared, or when prepared
    series are not released. The first two only for an exam, and a study, that is newer than `since`."""
    return bool(session.scalar(select(_may_come(since)).where(Exam.id == exam_id)))


def _may_come(since: datetime) -> ColumnElement[bool]:
    """As `pictures_may_come`, of the exam of the query around it."""
    matched = (
        StudyOrder.exam_id == Exam.id,
        StudyOrder.match_state == MatchState.MATCHED,
        StudyOrder.study_id == Study.id,
    )
    stale = or_(Study.prepared_revision.is_(None), Study.prepared_revision != Study.revision)
    has_any = select(Study.id).where(*matched).correlate(Exam).exists()
    is_new = or_(Exam.created_at > since, Exam.performed_at > since)
    has_stale = select(Study.id).where(*matched, stale, Study.last_instance_at > since).correlate(Exam).exists()
    prepared_any = select(Study.id).where(*matched, PreparedSeries.study_id == Study.id).correlate(Exam).exists()
    return or_(and_(~has_any, is_new), has_stale, and_(Exam.images_released_at.is_(None), prepared_any))


def frames_shown(session: Session, exam_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, int]:
    """How many frames of each of these exams its patient may see; exams without any are left out."""
    of_exams = select(StudyOrder.exam_id, StudyOrder.study_id).join(Exam, Exam.id == StudyOrder.exam_id)
    shown = of_exams.where(Exam.id.in_(exam_ids), *_IS_SHOWN).distinct().subquery()
    query = (
        select(shown.c.exam_id, func.sum(PreparedSeries.frame_count))
        .join(Study, Study.id == shown.c.study_id)
        .join(PreparedSeries, PreparedSeries.study_id == Study.id)
        .where(PreparedSeries.revision == Study.prepared_revision)
        .group_by(shown.c.exam_id)
    )
    return {exam_id: frames for exam_id, frames in session.execute(query) if exam_id is not None and frames}


def waiting_for_pictures(session: Session, exam_ids: Collection[uuid.UUID], since: datetime) -> set[uuid.UUID]:
    """Those of these exams of which `pictures_may_come`."""
    return set(session.scalars(select(Exam.id).where(Exam.id.in_(exam_ids), _may_come(since))))


def instance(session: Session, instance_id: uuid.UUID) -> Instance | None:
    return session.get(Instance, instance_id)


def image_headers(session: Session, instance_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, dict[str, Any]]:
    """What was read off the headers of these instances; those whose frames cannot be decoded are left out."""
    found: dict[uuid.UUID, dict[str, Any]] = {}
    for at in range(0, len(instance_ids), _NAMED_AT_ONCE):
        these = instance_ids[at : at + _NAMED_AT_ONCE]
        rows = session.execute(select(Instance.id, Instance.image_header).where(Instance.id.in_(these)))
        found |= {instance_id: header for instance_id, header in rows if header is not None}
    return found


def all_prepared(
    session: Session, after: uuid.UUID | None = None, limit: int | None = None
) -> list[tuple[PreparedSeries, uuid.UUID]]:
    """Prepared series of all revisions with the id of their study's data key, in order of id; `after`: only greater
    ids."""
    query = select(PreparedSeries, Study.data_key_id).join(Study, Study.id == PreparedSeries.study_id)
    if after is not None:
        query = query.where(PreparedSeries.id > after)
    rows = session.execute(query.order_by(PreparedSeries.id).limit(limit))
    return [(row.PreparedSeries, row.data_key_id) for row in rows]


def object_keys(session: Session, first: uuid.UUID, last: uuid.UUID) -> set[str]:
    """The object keys of the packs of the studies with an id from `first` to `last`."""
    query = select(PreparedSeries.preview_object_key, PreparedSeries.frame_object_key)
    these = PreparedSeries.study_id.between(first, last)
    copies = select(WorkingPack.object_key).join(PreparedSeries, PreparedSeries.id == WorkingPack.series_id)
    found = {key for pair in session.execute(query.where(these)) for key in pair}
    return found | set(session.scalars(copies.where(these)))
