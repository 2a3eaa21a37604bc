"""Rows of digits that bind, and the patients whom a name and an ID number name. Limits are in app/services/binding."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from app.models import BindingCode, Exam, Patient
from app.models.states import OneTimeCodeKind
from app.repos.changed_rows import changed_rows


@dataclass(frozen=True)
class Person:
    """Hashes as in `Patient`. Without an ID number only `patient_id` tells who it is."""

    name_hash: bytes
    id_number_hash: bytes | None
    patient_id: uuid.UUID | None = None


def add(session: Session, row: BindingCode) -> None:
    session.add(row)
    session.flush()


def by_id(session: Session, code_id: uuid.UUID) -> BindingCode | None:
    return session.get(BindingCode, code_id)


def mark_queued(session: Session, code_id: uuid.UUID, now: datetime) -> bool:
    """False when its message was put into the outbox before."""
    statement = update(BindingCode).where(BindingCode.id == code_id, BindingCode.queued_at.is_(None))
    return changed_rows(session, statement.values(queued_at=now)) == 1


def claim_try(
    session: Session, openid_hash: bytes, person: Person, now: datetime, most: int
) -> list[tuple[uuid.UUID, bytes]]:
    """Count one try on every live code for this person, of this openid or of the desk, before it is compared."""
    sent = and_(BindingCode.openid_hash == openid_hash, BindingCode.failures < most)
    statement = (
        update(BindingCode)
        .where(
            *_of(person),
            or_(sent, BindingCode.kind == OneTimeCodeKind.DESK),
            BindingCode.used_at.is_(None),
            BindingCode.expires_at > now,
        )
        .values(failures=BindingCode.failures + 1)
        .returning(BindingCode.id, BindingCode.code_hash)
        .execution_options(synchronize_session=False)
    )
    return [(code_id, code_hash) for code_id, code_hash in session.execute(statement)]


def use(session: Session, code_id: uuid.UUID, now: datetime) -> BindingCode | None:
    """Mark it used; None when somebody used it a moment before."""
    statement = update(BindingCode).where(BindingCode.id == code_id, BindingCode.used_at.is_(None)).values(used_at=now)
    if changed_rows(session, statement.execution_options(synchronize_session=False)) != 1:
        return None
    return session.get(BindingCode, code_id, populate_existing=True)


def end_others(session: Session, openid_hash: bytes, now: datetime) -> None:
    mine = (BindingCode.openid_hash == openid_hash, BindingCode.used_at.is_(None))
    session.execute(update(BindingCode).where(*mine).values(used_at=now).execution_options(synchronize_session=False))


def newest_exam_with_phone(session: Session, person: Person) -> tuple[Exam, Patient] | None:
    """Of all registrations of this person."""
    query = select(Exam, Patient).join(Patient, Patient.id == Exam.patient_id).where(*_is(person))
    query = query.where(Patient.phone_hash.is_not(None)).order_by(Exam.created_at.desc(), Exam.id).limit(1)
    found = session.execute(query).one_or_none()
    return (found[0], found[1]) if found else None


def registrations(session: Session, person: Person) -> list[Patient]:
    """All of this person, the newest first."""
    query = select(Patient).where(*_is(person)).order_by(Patient.created_at.desc(), Patient.id)
    return list(session.scalars(query))


def patient_of(session: Session, person: Person) -> Patient | None:
    """The newest registration of this person."""
    return session.scalars(
        select(Patient).where(*_is(person)).order_by(Patient.created_at.desc(), Patient.id).limit(1)
    ).first()


def _of(person: Person) -> tuple[ColumnElement[bool], ...]:
    number = BindingCode.id_number_hash
    same = number.is_(None) if person.id_number_hash is None else number == person.id_number_hash
    return (BindingCode.name_hash == person.name_hash, same)


def _is(person: Person) -> tuple[ColumnElement[bool], ...]:
    """Without an ID number a name alone names nobody."""
    if person.id_number_hash is None:
        return (Patient.id == person.patient_id,)
    return (Patient.name_hash == person.name_hash, Patient.id_number_hash == person.id_number_hash)
