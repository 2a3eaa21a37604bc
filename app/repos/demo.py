"""Rows the demo asks for: its own studies and exams."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Exam, Series, Study


def studies(session: Session) -> list[Study]:
    """The studies the demo loaded, oldest first."""
    return list(
        session.scalars(select(Study).where(Study.is_demo).order_by(Study.created_at, Study.study_instance_uid))
    )


def exams(session: Session) -> list[tuple[Exam, Study | None]]:
    """The demo's exams, each with its study where one matched."""
    query = (
        select(Exam, Study)
        .outerjoin(Study, Study.exam_id == Exam.id)
        .where(Exam.is_demo)
        .order_by(Exam.created_at, Exam.accession_number)
    )
    return [(exam, study) for exam, study in session.execute(query)]


def modality(session: Session, study_id: uuid.UUID) -> str | None:
    query = select(Series.modality).where(Series.study_id == study_id).order_by(Series.series_number).limit(1)
    return session.scalars(query).one_or_none()
