"""Rows of the keys by which the desk finds exams. What a key is made of: app/services/exams/search_keys.py."""

from __future__ import annotations

import uuid

from sqlalchemy import delete, exists, insert, select, update
from sqlalchemy.orm import Session

from app.models import Exam, ExamSearchKey, Patient


def due(session: Session, limit: int) -> list[tuple[Exam, Patient]]:
    """Exams without keys, or with those of before a correction; the newest first."""
    query = select(Exam, Patient).join(Patient, Patient.id == Exam.patient_id).where(Exam.search_due)
    return [(exam, patient) for exam, patient in session.execute(query.order_by(Exam.performed_at.desc()).limit(limit))]


def any_due(session: Session) -> bool:
    return bool(session.scalar(select(exists().where(Exam.search_due))))


def outdate(session: Session, patient_id: uuid.UUID) -> None:
    """The keys of all exams of this patient are made anew."""
    session.execute(update(Exam).where(Exam.patient_id == patient_id).values(search_due=True))


def replace(session: Session, exam: Exam, hashes: set[bytes]) -> None:
    """These are the keys of the exam now."""
    session.execute(delete(ExamSearchKey).where(ExamSearchKey.exam_id == exam.id))
    at = exam.performed_at
    rows = [{"key_hash": each, "performed_at": at, "exam_id": exam.id} for each in sorted(hashes)]
    if rows:
        session.execute(insert(ExamSearchKey), rows)
    exam.search_due = False
    session.flush()
