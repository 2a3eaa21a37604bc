"""Rows of patients' sessions and of known devices, which opened an exam before. `codes` adds the rows."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, String, Uuid, and_, bindparam, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session

from app.models import Consent, Exam, KnownDevice, Patient, PatientSession
from app.repos.changed_rows import changed_rows

_is_of_person = or_(
    and_(
        Patient.id_number_hash == PatientSession.id_number_hash,
        or_(
            Patient.phone_hash == PatientSession.phone_hash,
            and_(PatientSession.phone_hash.is_(None), Patient.name_hash == PatientSession.name_hash),
        ),
    ),
    Patient.id == PatientSession.patient_id,
)


def known_device(session: Session, device_hash: bytes, exam_id: uuid.UUID) -> KnownDevice | None:
    query = select(KnownDevice).where(KnownDevice.device_hash == device_hash, KnownDevice.exam_id == exam_id)
    return session.scalars(query).one_or_none()


def is_known_device(session: Session, device_hash: bytes) -> bool:
    return bool(session.scalar(select(exists().where(KnownDevice.device_hash == device_hash))))


def forget_devices(session: Session, exam_id: uuid.UUID) -> None:
    session.execute(delete(KnownDevice).where(KnownDevice.exam_id == exam_id))


def revoke_sessions(session: Session, exam_id: uuid.UUID, now: datetime) -> int:
    statement = update(PatientSession).where(PatientSession.exam_id == exam_id, PatientSession.revoked_at.is_(None))
    return changed_rows(session, statement.values(revoked_at=now))


def revoke_sessions_of(session: Session, exams: Select[uuid.UUID], now: datetime) -> int:
    these = (PatientSession.exam_id.in_(exams), PatientSession.revoked_at.is_(None))
    statement = update(PatientSession).where(*these).values(revoked_at=now)
    return changed_rows(session, statement.execution_options(synchronize_session=False))


def by_id(session: Session, session_id: uuid.UUID) -> PatientSession | None:
    return session.get(PatientSession, session_id)


def revoke_sessions_of_person(session: Session, exam_id: uuid.UUID, now: datetime) -> int:
    """End those sessions of a person that open this exam, with all that they open."""
    person = select(Patient.id).join(Exam, Exam.patient_id == Patient.id).where(Exam.id == exam_id, _is_of_person)
    statement = update(PatientSession).where(PatientSession.revoked_at.is_(None), person.exists())
    return changed_rows(session, statement.values(revoked_at=now).execution_options(synchronize_session=False))


def revoke_session(session: Session, session_id: uuid.UUID, now: datetime) -> None:
    session.execute(update(PatientSession).where(PatientSession.id == session_id).values(revoked_at=now))


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session joined with an exam that it opens: all that a request's check needs."""

    exam_id: uuid.UUID
    exam_revision: int
    held_at: datetime | None
    last_seen_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    patient_id: uuid.UUID
    own_exam_id: uuid.UUID | None
    """Of a session of one exam; None for one of a person."""
    account_id: uuid.UUID | None
    """Of a bound WeChat account."""
    consented: bool
    """The patient agreed to the version that was asked for."""


_columns = (
    Exam.id,
    Exam.revision,
    Exam.held_at,
    PatientSession.last_seen_at,
    PatientSession.expires_at,
    PatientSession.revoked_at,
    Exam.patient_id,
    PatientSession.exam_id,
    PatientSession.account_id,
    exists()
    .where(
        Consent.patient_id == Exam.patient_id,
        Consent.version == bindparam("consent", type_=String()),
        Consent.withdrawn_at.is_(None),
    )
    .correlate(Exam)
    .label("consented"),
)
_names_nobody = and_(PatientSession.id_number_hash.is_(None), PatientSession.patient_id.is_(None))
_is_of_one_exam = and_(Exam.id == PatientSession.exam_id, _names_nobody)
_opens_no_other = or_(PatientSession.exam_id.is_(None), Exam.id == PatientSession.exam_id)
# Built once: putting it together costs as much as running it.
_SESSION = (
    select(*_columns)
    .select_from(PatientSession)
    .join(Exam, Exam.id == func.coalesce(bindparam("exam_id", type_=Uuid()), PatientSession.exam_id))
    .join(Patient, Patient.id == Exam.patient_id)
    .where(PatientSession.id == bindparam("session_id"), or_(_is_of_one_exam, and_(_is_of_person, _opens_no_other)))
)
_OPENED = (
    select(*_columns)
    .select_from(PatientSession)
    .join(Patient, _is_of_person)
    .join(Exam, Exam.patient_id == Patient.id)
    .where(PatientSession.id == bindparam("session_id"), PatientSession.exam_id.is_(None))
    .order_by(Exam.performed_at.desc(), Exam.id)
)


LookUp = Callable[[Select[*tuple[Any, ...]], Mapping[str, Any]], tuple[Any, ...] | None]


def session_row(look_up: LookUp, session_id: uuid.UUID, exam_id: uuid.UUID | None, consent: str) -> SessionRow | None:
    """The session, if it opens this exam (None: its own). `look_up`: `Database.look_up`, since every picture passes
    here. `consent`: the version that is asked for."""
    found = look_up(_SESSION, {"session_id": session_id, "exam_id": exam_id, "consent": consent})
    return SessionRow(*found) if found else None


def opened_by_person(session: Session, session_id: uuid.UUID, consent: str) -> list[SessionRow]:
    """A session of a person with each exam that it opens now, the newest exam first."""
    return [
        SessionRow(*tuple(found)) for found in session.execute(_OPENED, {"session_id": session_id, "consent": consent})
    ]


def touch_session(session: Session, session_id: uuid.UUID, now: datetime) -> None:
    session.execute(update(PatientSession).where(PatientSession.id == session_id).values(last_seen_at=now))
