"""Exams by what the desk knows of them, each with its patient, newest first. What a typed term may be:
app/services/desk/exam_search."""

from __future__ import annotations

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.models import Exam, Patient, PatientNameToken
from app.models.base import accession_key

Found = list[tuple[Exam, Patient]]


def by_accession(session: Session, accession_number: str, limit: int) -> Found:
    """In any case of its letters."""
    return _newest(session, _EXAMS.where(Exam.accession_key == accession_key(accession_number)), limit)


def by_patient_id(session: Session, digest: bytes, limit: int) -> Found:
    return _newest(session, _EXAMS.where(Patient.patient_id_hash == digest), limit)


def by_phone(session: Session, digest: bytes, limit: int) -> Found:
    return _newest(session, _EXAMS.where(Patient.phone_hash == digest), limit)


def by_id_number(session: Session, digest: bytes, limit: int) -> Found:
    return _newest(session, _EXAMS.where(Patient.id_number_hash == digest), limit)


def by_name(session: Session, token: bytes, limit: int) -> Found:
    """`token`: of a name, a family name, or how one of them reads."""
    query = _EXAMS.join(PatientNameToken, PatientNameToken.patient_id == Patient.id)
    return _newest(session, query.where(PatientNameToken.token_hash == token), limit)


_EXAMS = select(Exam, Patient).join(Patient, Patient.id == Exam.patient_id)


def _newest(session: Session, query: Select[Exam, Patient], limit: int) -> Found:
    rows = session.execute(query.order_by(Exam.performed_at.desc(), Exam.id).limit(limit))
    return [(exam, patient) for exam, patient in rows]
