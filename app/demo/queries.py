"""Rows the demo asks for: its own studies and exams."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from app.models import Exam, Instance, Series, Study, StudyOrder


def studies(session: Session, accession_number: str | None = None) -> list[Study]:
    """The studies of DEMO_DATA (of one accession number), oldest first."""
    query = select(Study).where(Study.is_demo).order_by(Study.created_at, Study.study_instance_uid)
    if accession_number is not None:
        query = query.where(Study.accession_number == accession_number)
    return list(session.scalars(query))


def not_adopted(session: Session, uids: Collection[str]) -> list[Study]:
    """Those of these studies that came through another door."""
    query = select(Study).where(Study.study_instance_uid.in_(uids), Study.is_demo.is_(False))
    return list(session.scalars(query))


def exams(session: Session) -> list[tuple[Exam, Study, StudyOrder]]:
    """Each study of DEMO_DATA with the exam of its accession number, and whether that shows it."""
    query = (
        select(Exam, Study, StudyOrder)
        .join(Study, Study.accession_number == Exam.accession_number)
        .join(StudyOrder, StudyOrder.study_id == Study.id)
        .where(Study.is_demo, StudyOrder.accession_number == Study.accession_number)
        .order_by(Exam.created_at, Exam.accession_number)
    )
    return [(exam, study, order) for exam, study, order in session.execute(query)]


def modality(session: Session, study_id: uuid.UUID) -> str | None:
    """The modality of the study's first series with pictures; of its first series when none has any. What was made
    from pictures (segmentations) comes after them."""
    has_frames = func.max(case((Instance.number_of_frames > 0, 1), else_=0))
    is_made = case((Series.modality == "SEG", 1), else_=0)
    query = (
        select(Series.modality)
        .join(Instance, Instance.series_id == Series.id)
        .where(Series.study_id == study_id)
        .group_by(Series.id, Series.modality, Series.series_number)
        .order_by(has_frames.desc(), is_made, Series.series_number, Series.id)
        .limit(1)
    )
    return session.scalars(query).one_or_none()
