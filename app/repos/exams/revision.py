"""The revision of an exam: it rises with whatever changes what the exam shows."""

from __future__ import annotations

import uuid

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.models import Exam
from app.models.exam import AT_ONCE


def raise_exam_revision(session: Session, exam_id: uuid.UUID) -> None:
    """Whatever changes what an exam shows does this in the same transaction: caches hang on the revision, and the
    release gate is looked at again."""
    session.execute(update(Exam).where(Exam.id == exam_id).values(revision=Exam.revision + 1, release_due_at=AT_ONCE))
