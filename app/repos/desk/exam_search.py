"""Exams by what the desk knows of them, each with its patient, newest first, page by page. What a typed term may be:
app/services/desk/exam_search."""

from __future__ import annotations

import uuid

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.models import AccessCode, Exam, ExamSearchKey, Patient, PatientNameToken
from app.models.base import accession_key
from app.repos.keyset import Place, rows_at

Found = list[tuple[Exam, Patient]]


def by_accession(session: Session, accession_number: str, place: Place | None, limit: int) -> Found:
    """In any case of its letters."""
    return _newest(session, _EXAMS.where(Exam.accession_key == accession_key(accession_number)), place, limit)


def by_patient_id(session: Session, digest: bytes, place: Place | None, limit: int) -> Found:
    return _newest(session, _EXAMS.where(Patient.patient_id_hash == digest), place, limit)


def by_phone(session: Session, digest: bytes, place: Place | None, limit: int) -> Found:
    return _newest(session, _EXAMS.where(Patient.phone_hash == digest), place, limit)


def by_id_number(session: Session, digest: bytes, place: Place | None, limit: int) -> Found:
    return _newest(session, _EXAMS.where(Patient.id_number_hash == digest), place, limit)


def by_code(session: Session, code_hash: bytes, place: Place | None, limit: int) -> Found:
    """The exam of a long code."""
    query = _EXAMS.join(AccessCode, AccessCode.exam_id == Exam.id).where(AccessCode.code_hash == code_hash)
    return _newest(session, query, place, limit)


def by_pickup_code(session: Session, desk_hash: bytes, place: Place | None, limit: int) -> Found:
    """Also codes that ended: a patient who holds one stands at the desk."""
    these = select(AccessCode.exam_id).where(AccessCode.desk_hash == desk_hash)
    return _newest(session, _EXAMS.where(Exam.id.in_(these)), place, limit)


def by_key(session: Session, key: bytes, place: Place | None, limit: int) -> Found:
    """By one row of `ExamSearchKey`. The index has the rows in order: no more are read than are shown."""
    order = (ExamSearchKey.performed_at, ExamSearchKey.exam_id)
    keys = select(ExamSearchKey.exam_id).where(ExamSearchKey.key_hash == key)
    ids = [row[0] for row in rows_at(session, keys, order, place, limit)]
    return _with_patients(session, ids)


def by_name_before_keys(session: Session, token: bytes, place: Place | None, limit: int) -> Found:
    """Exams that have no keys yet, by the blind index of a name, a family name, or how one of them reads."""
    named = select(PatientNameToken.patient_id).where(PatientNameToken.token_hash == token)
    query = _EXAMS.where(Exam.search_due, Exam.patient_id.in_(named))
    return _newest(session, query, place, limit)


_EXAMS = select(Exam, Patient).join(Patient, Patient.id == Exam.patient_id)


def _with_patients(session: Session, ids: list[uuid.UUID]) -> Found:
    return [(exam, patient) for exam, patient in session.execute(_EXAMS.where(Exam.id.in_(ids)))] if ids else []


def _newest(session: Session, query: Select[Exam, Patient], place: Place | None, limit: int) -> Found:
    rows = rows_at(session, query, (Exam.performed_at, Exam.id), place, limit)
    return [(exam, patient) for exam, patient in rows]
