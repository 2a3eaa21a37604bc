"""Rows of access codes: find, add, revoke. `add` also adds one-time codes, sessions and devices.

Failures are counted in `attempts`. Other queries on one-time codes are in `one_time_codes`, on sessions and devices in
`sessions`.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Select, bindparam, func, select, update
from sqlalchemy.orm import Session

from app.models import AccessCode, Exam, KnownDevice, OneTimeCode, Patient, PatientSession
from app.models.states import AccessCodeKind
from app.repos.changed_rows import changed_rows

_hashes = select(AccessCode.code_hash).order_by(AccessCode.code_hash).limit(1)
_at_or_behind = _hashes.where(AccessCode.code_hash >= bindparam("code_hash")).scalar_subquery()
# Built once: to build the statement costs as much as to run it.
_NEAREST = (
    select(AccessCode, Exam, Patient)
    .join(Exam, Exam.id == AccessCode.exam_id)
    .join(Patient, Patient.id == Exam.patient_id)
    .where(AccessCode.code_hash == func.coalesce(_at_or_behind, _hashes.scalar_subquery()))
)


def code_by_hash(session: Session, code_hash: bytes) -> AccessCode | None:
    return session.scalars(select(AccessCode).where(AccessCode.code_hash == code_hash)).one_or_none()


def nearest_code(session: Session, code_hash: bytes) -> tuple[AccessCode, Exam, Patient] | None:
    """The code with this hash, else the code with the next hash, with its exam and patient; None in an empty table.

    So an unknown hash reads the same index and as many rows as a known hash, and costs the same time. The caller must
    compare the hash.
    """
    found = session.execute(_NEAREST, {"code_hash": code_hash}).one_or_none()
    return None if found is None else (found[0], found[1], found[2])


def lock_code(session: Session, code_id: uuid.UUID) -> AccessCode:
    """The row as it is now, locked until the transaction ends."""
    return session.scalars(select(AccessCode).where(AccessCode.id == code_id).with_for_update()).one()


def codes_of(session: Session, exam_id: uuid.UUID, kind: str | None = None) -> list[AccessCode]:
    query = select(AccessCode).where(AccessCode.exam_id == exam_id)
    if kind is not None:
        query = query.where(AccessCode.kind == kind)
    return list(session.scalars(query.order_by(AccessCode.serial)))


def code_of_session(session: Session, session_id: uuid.UUID) -> AccessCode | None:
    """The code that a session was opened with; None when it was opened without one."""
    query = select(AccessCode).join(PatientSession, PatientSession.access_code_id == AccessCode.id)
    return session.scalars(query.where(PatientSession.id == session_id)).one_or_none()


def last_serial(session: Session, exam_id: uuid.UUID, kind: str) -> int:
    query = select(func.max(AccessCode.serial)).where(AccessCode.exam_id == exam_id, AccessCode.kind == kind)
    return session.scalar(query) or 0


def add(session: Session, row: AccessCode | OneTimeCode | PatientSession | KnownDevice) -> None:
    session.add(row)
    session.flush()


def revoke_codes(session: Session, exam_id: uuid.UUID, now: datetime, only: Collection[uuid.UUID] | None = None) -> int:
    """Revoke the codes of an exam, or `only` these codes; returns how many codes were not revoked before."""
    statement = update(AccessCode).where(AccessCode.exam_id == exam_id, AccessCode.revoked_at.is_(None))
    if only is not None:
        statement = statement.where(AccessCode.id.in_(only))
    return changed_rows(session, statement.values(revoked_at=now))


def exams_with_pickups(patient_id: uuid.UUID, without: Collection[uuid.UUID]) -> Select[uuid.UUID]:
    """A subquery: the patient's exams that have a pick-up code that is not revoked, except the exams in `without`."""
    query = select(AccessCode.exam_id).join(Exam, Exam.id == AccessCode.exam_id)
    query = query.where(Exam.patient_id == patient_id, Exam.id.not_in(without))
    return query.where(AccessCode.kind == AccessCodeKind.PICKUP, AccessCode.revoked_at.is_(None))


def revoke_pickups_of(session: Session, exams: Select[uuid.UUID], now: datetime) -> int:
    these = (AccessCode.kind == AccessCodeKind.PICKUP, AccessCode.revoked_at.is_(None), AccessCode.exam_id.in_(exams))
    statement = update(AccessCode).where(*these).values(revoked_at=now)
    return changed_rows(session, statement.execution_options(synchronize_session=False))
