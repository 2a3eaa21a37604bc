"""Rows of patients' sessions and of known devices, which opened an exam before. `codes` adds the rows."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, String, Uuid, and_, bindparam, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from app.models import Consent, Exam, FamilyGrant, HelperCode, KnownDevice, Patient, PatientSession
from app.repos.changed_rows import changed_rows


def is_of_person(patient: type[Patient]) -> ColumnElement[bool]:
    """Joins a session with every patient row of its person. `patient`: the table or an alias of it."""
    return or_(
        and_(
            patient.id_number_hash == PatientSession.id_number_hash,
            or_(
                patient.phone_hash == PatientSession.phone_hash,
                and_(PatientSession.phone_hash.is_(None), patient.name_hash == PatientSession.name_hash),
            ),
        ),
        patient.id == PatientSession.patient_id,
    )


_is_of_person = is_of_person(Patient)


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


def revoke_copies_of_helper(session: Session, helper_code_id: uuid.UUID, now: datetime) -> None:
    """End all sessions of a helper but the one in which the code was typed: it lives longest."""
    of_helper = PatientSession.helper_code_id == helper_code_id
    first = select(PatientSession.id).where(of_helper)
    first = first.order_by(PatientSession.expires_at.desc(), PatientSession.created_at).limit(1)
    these = (of_helper, PatientSession.id != first.scalar_subquery(), PatientSession.revoked_at.is_(None))
    statement = update(PatientSession).where(*these).values(revoked_at=now)
    session.execute(statement.execution_options(synchronize_session=False))


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
    helper_code_id: uuid.UUID | None
    """Of somebody who helps."""
    consented: bool
    """The patient agreed to the version that was asked for; of a relative's look: the relative did."""
    grant_id: uuid.UUID | None = None
    """Of a member of the family of the session's person, `basis` and `scope` with it."""
    basis: str | None = None
    scope: str | None = None


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
    PatientSession.helper_code_id,
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
_helpers_code_is_live = exists().where(
    HelperCode.id == PatientSession.helper_code_id,
    HelperCode.revoked_at.is_(None),
    HelperCode.patient_id == Exam.patient_id,
    HelperCode.code_generation == Exam.code_generation,
)
_is_of_one_exam = and_(
    Exam.id == PatientSession.exam_id,
    _names_nobody,
    or_(PatientSession.helper_code_id.is_(None), _helpers_code_is_live.correlate(PatientSession, Exam)),
)
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


def _of_relative(exam: ColumnElement[uuid.UUID] | None) -> Select[*tuple[Any, ...]]:
    """Exams of those who are members of the family of the session's person, as the grants are now. `exam`: only this
    one."""
    relative, own = aliased(Patient), aliased(Patient)
    is_relative = and_(
        relative.id_number_hash == FamilyGrant.relative_number_hash,
        relative.name_hash == FamilyGrant.relative_name_hash,
    )
    is_own = and_(
        own.id_number_hash == FamilyGrant.relative_number_hash, own.name_hash == FamilyGrant.relative_name_hash
    )
    agreed = exists().where(
        Consent.patient_id == own.id,
        is_own,
        Consent.version == bindparam("consent", type_=String()),
        Consent.withdrawn_at.is_(None),
    )
    columns = (*_columns[:-1], agreed.correlate(FamilyGrant).label("consented"))
    query = (
        select(*columns, FamilyGrant.id, FamilyGrant.basis, FamilyGrant.scope)
        .select_from(PatientSession)
        .join(
            FamilyGrant,
            and_(
                FamilyGrant.relative_number_hash == PatientSession.id_number_hash,  # by the index
                exists().where(is_relative, is_of_person(relative)).correlate(PatientSession, FamilyGrant),
            ),
        )
        .join(
            Patient,
            and_(
                Patient.id_number_hash == FamilyGrant.member_number_hash,
                Patient.name_hash == FamilyGrant.member_name_hash,
            ),
        )
        .join(Exam, Exam.patient_id == Patient.id)
        .where(
            PatientSession.id == bindparam("session_id"),
            _opens_no_other,
            FamilyGrant.confirmed_at.is_not(None),
            FamilyGrant.ended_at.is_(None),
            FamilyGrant.expires_at > bindparam("now"),
        )
    )
    return query.where(Exam.id == exam) if exam is not None else query.order_by(Exam.performed_at.desc(), Exam.id)


_RELATIVES_EXAM = _of_relative(bindparam("exam_id", type_=Uuid()))
_RELATIVES_EXAMS = _of_relative(None)


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


def relatives_row(
    look_up: LookUp, session_id: uuid.UUID, exam_id: uuid.UUID, consent: str, now: datetime
) -> SessionRow | None:
    """As `session_row`, of an exam of a member of the family."""
    values = {"session_id": session_id, "exam_id": exam_id, "consent": consent, "now": now}
    found = look_up(_RELATIVES_EXAM, values)
    return SessionRow(*found) if found else None


def opened_by_relative(session: Session, session_id: uuid.UUID, consent: str, now: datetime) -> list[SessionRow]:
    """As `opened_by_person`, of the members of the family."""
    values = {"session_id": session_id, "consent": consent, "now": now}
    return [SessionRow(*tuple(found)) for found in session.execute(_RELATIVES_EXAMS, values)]


def touch_session(session: Session, session_id: uuid.UUID, now: datetime) -> None:
    session.execute(update(PatientSession).where(PatientSession.id == session_id).values(last_seen_at=now))
