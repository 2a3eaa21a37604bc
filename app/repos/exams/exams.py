"""Rows of exams: find, add. `add` also adds patients and reports; other queries on them are in their files."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.models import Exam, Patient, Report
from app.models.base import accession_key

# Built once, because each batch of ingest runs it.
_BY_ACCESSION = select(Exam).where(Exam.accession_key == bindparam("key")).limit(2)


def exam_by_accession(session: Session, accession_number: str) -> Exam | None:
    """In any case of its letters. Two exams that differ only in case (of before) are found by their own spelling."""
    found = session.scalars(_BY_ACCESSION, {"key": accession_key(accession_number)}).all()
    if len(found) == 1:
        return found[0]
    return next((exam for exam in found if exam.accession_number == accession_number), None)


def cut_to(session: Session, accession_number: str, limit: int) -> list[Exam]:
    """Exams with longer accession numbers that a device cuts to this one."""
    query = select(Exam).where(Exam.cut_accession_key == accession_key(accession_number))
    return list(session.scalars(query.order_by(Exam.created_at.desc()).limit(limit)))


def exam(session: Session, exam_id: uuid.UUID) -> Exam | None:
    return session.get(Exam, exam_id)


def exams_with_patients(session: Session, ids: Collection[uuid.UUID]) -> list[tuple[Exam, Patient]]:
    """In no order."""
    query = select(Exam, Patient).join(Patient, Patient.id == Exam.patient_id).where(Exam.id.in_(ids))
    return [(exam, patient) for exam, patient in session.execute(query)]


def newest_of_patient(session: Session, patient_id: uuid.UUID, limit: int) -> list[Exam]:
    query = select(Exam).where(Exam.patient_id == patient_id)
    return list(session.scalars(query.order_by(Exam.created_at.desc(), Exam.id).limit(limit)))


def add(session: Session, row: Patient | Exam | Report) -> None:
    session.add(row)
    session.flush()
