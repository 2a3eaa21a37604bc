"""Rows that the release gate looks at. Whether it opens is decided in app/services/release/gate."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from sqlalchemy import exists, func, select, update
from sqlalchemy.orm import Session

from app.models import Exam, Instance, Notification, Report, Study, StudyOrder, Telling
from app.models.states import READABLE
from app.repos.due_times import is_due
from app.repos.exams.studies import belongs_to
from app.repos.ingest.rejections import not_rejected


def due(session: Session, now: datetime, furthest: timedelta, limit: int) -> list[uuid.UUID]:
    query = select(Exam.id).where(is_due(Exam.release_due_at, now, furthest))
    return list(session.scalars(query.order_by(Exam.release_due_at, Exam.id).limit(limit)))


def lock(session: Session, exam_id: uuid.UUID) -> Exam | None:
    """The exam's row, locked until the transaction ends."""
    return session.scalars(select(Exam).where(Exam.id == exam_id).with_for_update()).one_or_none()


def matched_studies(session: Session, exam_id: uuid.UUID) -> list[Study]:
    query = select(Study).join(StudyOrder, StudyOrder.study_id == Study.id)
    return list(session.scalars(query.where(belongs_to(exam_id))))


def has_pictures(session: Session, exam_id: uuid.UUID) -> bool:
    """Whether a matched study of the exam has an image that is not rejected."""
    an_image = (Instance.study_id == StudyOrder.study_id, Instance.number_of_frames > 0, not_rejected())
    return bool(session.scalar(select(exists().where(belongs_to(exam_id), *an_image))))


def first_readable_report_at(session: Session, exam_id: uuid.UUID) -> datetime | None:
    """The time when the first report version arrived that patients may read."""
    query = select(Report.created_at).where(Report.exam_id == exam_id, Report.status.in_(READABLE))
    return session.scalars(query.order_by(Report.version).limit(1)).one_or_none()


def latest_at(session: Session, exam_id: uuid.UUID, kind: str) -> datetime | None:
    """The time when news of this kind was last told, or was found to reach nobody."""
    queued = select(func.max(Notification.created_at))
    begun = select(func.max(Telling.begun_at))
    found = (
        session.scalar(queued.where(Notification.exam_id == exam_id, Notification.kind == kind)),
        session.scalar(begun.where(Telling.exam_id == exam_id, Telling.kind == kind)),
    )
    return max((at for at in found if at is not None), default=None)


def postpone(session: Session, exam_id: uuid.UUID, until: datetime) -> None:
    session.execute(update(Exam).where(Exam.id == exam_id).values(release_due_at=until))
