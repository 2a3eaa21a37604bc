"""Rows of access codes: find, add, revoke. `add` also adds one-time codes, sessions and devices.

Failures are counted in `attempts`. Other queries on one-time codes are in `one_time_codes`, on sessions and devices in
`sessions`.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from app.models import AccessCode, Exam, KnownDevice, Notification, OneTimeCode, Patient, PatientSession
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


def codes_told_along(
    session: Session, code: AccessCode, patient_id: uuid.UUID, now: datetime, limit: int
) -> list[AccessCode]:
    """The live codes of the other messages that were told by the message with this code, of exams that are this
    patient's now; the newest exam first."""
    told, carrying = aliased(Notification), aliased(Notification)
    query = (
        select(AccessCode)
        .join(told, told.access_code_id == AccessCode.id)
        .join(carrying, carrying.id == told.carried_by_id)
        .join(Exam, Exam.id == AccessCode.exam_id)
        .where(
            carrying.exam_id == code.exam_id,  # by the index
            carrying.access_code_id == code.id,
            Exam.patient_id == patient_id,
            AccessCode.revoked_at.is_(None),
            or_(AccessCode.expires_at.is_(None), AccessCode.expires_at > now),
        )
    )
    return list(session.scalars(query.order_by(Exam.performed_at.desc(), Exam.id).limit(limit)))


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


def _reached_a_phone(patient_id: uuid.UUID, channels: Collection[str]) -> ColumnElement[bool]:
    """Codes that are not revoked: pick-up codes, and those in messages to the patient on these channels."""
    sent = select(Notification.access_code_id).join(Exam, Exam.id == Notification.exam_id)
    sent = sent.where(Exam.patient_id == patient_id, Notification.channel.in_(channels))
    of_a_message = AccessCode.id.in_(sent.where(Notification.access_code_id.is_not(None)))
    return and_(or_(AccessCode.kind == AccessCodeKind.PICKUP, of_a_message), AccessCode.revoked_at.is_(None))


def exams_with_sent_codes(
    patient_id: uuid.UUID, without: Collection[uuid.UUID], channels: Collection[str]
) -> Select[uuid.UUID]:
    """A subquery: the patient's exams with a code that reached a phone by `channels` and is not revoked, except the
    exams in `without`."""
    query = select(AccessCode.exam_id).join(Exam, Exam.id == AccessCode.exam_id)
    query = query.where(Exam.patient_id == patient_id, Exam.id.not_in(without))
    return query.where(_reached_a_phone(patient_id, channels))


def revoke_sent_codes_of(
    session: Session, patient_id: uuid.UUID, exams: Select[uuid.UUID], channels: Collection[str], now: datetime
) -> int:
    """Revoke the codes of these exams that reached a phone by `channels`; returns how many."""
    these = (_reached_a_phone(patient_id, channels), AccessCode.exam_id.in_(exams))
    statement = update(AccessCode).where(*these).values(revoked_at=now)
    return changed_rows(session, statement.execution_options(synchronize_session=False))
