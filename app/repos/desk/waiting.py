"""Exams that wait for the desk: held ones, and those whose report was told alone because no pictures came."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Exam, Patient
from app.repos.keyset import Place, rows_at


def held(session: Session, place: Place | None, limit: int) -> list[tuple[Exam, Patient]]:
    """Those held last come first."""
    query = select(Exam, Patient).join(Patient, Patient.id == Exam.patient_id).where(Exam.held_at.is_not(None))
    return [(exam, patient) for exam, patient in rows_at(session, query, (Exam.held_at, Exam.id), place, limit)]


def without_pictures(session: Session, place: Place | None, limit: int) -> list[Exam]:
    """Those whose report was told alone and that still have no released pictures, newest first."""
    query = select(Exam).where(Exam.report_released_at.is_not(None), Exam.images_released_at.is_(None))
    return [row[0] for row in rows_at(session, query, (Exam.report_released_at, Exam.id), place, limit)]


def exam_of(session: Session, key: str) -> tuple[Exam, Patient] | None:
    """The exam of an accession key with its patient; one of two that differ only in case (of before)."""
    query = select(Exam, Patient).join(Patient, Patient.id == Exam.patient_id).where(Exam.accession_key == key)
    found = session.execute(query.order_by(Exam.created_at).limit(1)).first()
    return None if found is None else (found[0], found[1])


def exams_of_patient_id(session: Session, digest: bytes, limit: int) -> list[Exam]:
    """The newest exams of everybody who has this patient ID."""
    query = select(Exam).join(Patient, Patient.id == Exam.patient_id).where(Patient.patient_id_hash == digest)
    return list(session.scalars(query.order_by(Exam.performed_at.desc(), Exam.id).limit(limit)))
