"""The revision of an exam. It rises with every change of what the exam shows. The callers make those changes."""

from __future__ import annotations

import uuid

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.models import Exam, StudyOrder
from app.models.exam import AT_ONCE


def raise_exam_revision(session: Session, exam_id: uuid.UUID) -> None:
    """Raise the revision and make the release gate due at once.

    Call it in the same transaction as every change of what the exam shows: cached pages are keyed by the revision.
    """
    session.execute(update(Exam).where(Exam.id == exam_id).values(revision=Exam.revision + 1, release_due_at=AT_ONCE))


def raise_revisions_of(session: Session, study_id: uuid.UUID) -> None:
    """The same for each exam that a study belongs to."""
    exam_ids = select(StudyOrder.exam_id).where(StudyOrder.study_id == study_id, StudyOrder.exam_id.is_not(None))
    for exam_id in session.scalars(exam_ids.order_by(StudyOrder.exam_id)):
        if exam_id is not None:
            raise_exam_revision(session, exam_id)
