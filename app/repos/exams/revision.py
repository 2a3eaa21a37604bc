"""The revision of an exam. It rises with every change of what the exam shows. The callers make those changes."""

from __future__ import annotations

import uuid

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.models import Exam
from app.models.exam import AT_ONCE


def raise_exam_revision(session: Session, exam_id: uuid.UUID) -> None:
    """Raise the revision and make the release gate due at once.

    Call it in the same transaction as every change of what the exam shows: cached pages are keyed by the revision.
    """
    session.execute(update(Exam).where(Exam.id == exam_id).values(revision=Exam.revision + 1, release_due_at=AT_ONCE))
