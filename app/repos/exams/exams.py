"""Rows of patients, exams and reports."""

from __future__ import annotations

import uuid

from sqlalchemy import and_, bindparam, delete, func, or_, select
from sqlalchemy.orm import Session

from app.models import Exam, Patient, PatientNameToken, Report, Study

# Built once: each batch of ingest passes here.
_BY_ACCESSION = select(Exam).where(Exam.accession_number == bindparam("accession_number"))


def exam_by_accession(session: Session, accession_number: str) -> Exam | None:
    return session.scalars(_BY_ACCESSION, {"accession_number": accession_number}).one_or_none()


def exam(session: Session, exam_id: uuid.UUID) -> Exam | None:
    return session.get(Exam, exam_id)


def of_patient(session: Session, patient_id: uuid.UUID) -> list[Exam]:
    """Oldest first."""
    return list(session.scalars(select(Exam).where(Exam.patient_id == patient_id).order_by(Exam.created_at, Exam.id)))


def patient(session: Session, patient_id: uuid.UUID) -> Patient:
    found = session.get(Patient, patient_id)
    assert found is not None  # a foreign key holds it
    return found


def patient_or_none(session: Session, patient_id: uuid.UUID) -> Patient | None:
    return session.get(Patient, patient_id)


def patient_by_identity(session: Session, identity_hash: bytes) -> Patient | None:
    return session.scalars(select(Patient).where(Patient.identity_hash == identity_hash)).one_or_none()


def add(session: Session, row: Patient | Exam | Report) -> None:
    session.add(row)
    session.flush()


def replace_tokens(session: Session, patient_id: uuid.UUID, hashes: set[bytes]) -> None:
    session.execute(delete(PatientNameToken).where(PatientNameToken.patient_id == patient_id))
    session.add_all(PatientNameToken(patient_id=patient_id, token_hash=token) for token in sorted(hashes))


def reports(session: Session, exam_id: uuid.UUID) -> list[Report]:
    """All versions, oldest first."""
    return list(session.scalars(select(Report).where(Report.exam_id == exam_id).order_by(Report.version)))


def latest_report(session: Session, exam_id: uuid.UUID) -> Report | None:
    query = select(Report).where(Report.exam_id == exam_id).order_by(Report.version.desc()).limit(1)
    return session.scalars(query).one_or_none()


def latest_released_report(session: Session, exam_id: uuid.UUID) -> Report | None:
    """The newest version patients may read."""
    query = (
        select(Report)
        .where(Report.exam_id == exam_id, Report.status.in_(("final", "amended")))
        .order_by(Report.version.desc())
        .limit(1)
    )
    return session.scalars(query).one_or_none()


def studies_of_accession(session: Session, accession_number: str) -> list[Study]:
    """Studies that may belong to an exam; detached ones are left out."""
    query = select(Study).where(Study.accession_number == accession_number, Study.match_state != "detached")
    return list(session.scalars(query.order_by(Study.created_at)))


def contradicting_studies(session: Session, accession_number: str, settled_reason: str) -> list[Study]:
    """Studies that name another patient than the exam of their accession number, or several at once, oldest first;
    without those a human settled."""
    unsettled = and_(Study.match_state == "detached", func.coalesce(Study.match_reason, "") != settled_reason)
    query = select(Study).where(
        Study.accession_number == accession_number, or_(Study.match_state == "mismatch", unsettled)
    )
    return list(session.scalars(query.order_by(Study.created_at)))


def search(
    session: Session, *, accession: str | None, phone: bytes | None, name: bytes | None, limit: int
) -> list[tuple[Exam, Patient]]:
    """Exams by exactly one of accession number, phone hash or name token hash; newest first."""
    query = select(Exam, Patient).join(Patient, Patient.id == Exam.patient_id)
    if accession is not None:
        query = query.where(Exam.accession_number == accession)
    if phone is not None:
        query = query.where(Patient.phone_hash == phone)
    if name is not None:
        query = query.join(PatientNameToken, PatientNameToken.patient_id == Patient.id)
        query = query.where(PatientNameToken.token_hash == name)
    return [(exam, patient) for exam, patient in session.execute(query.order_by(Exam.performed_at.desc()).limit(limit))]
