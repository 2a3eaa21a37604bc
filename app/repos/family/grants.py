"""Rows of who may see whose exams, and the patients whom both sides are. Whether a session sees an exam by one of them
is asked in `app/repos/patient_access/sessions`."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Select, and_, or_, select, update
from sqlalchemy.orm import Session, aliased

from app.models import FamilyGrant, Patient, PatientSession
from app.models.states import FamilyEnd
from app.repos.binding.codes import Person
from app.repos.changed_rows import changed_rows
from app.repos.keyset import Place, rows_at
from app.repos.patient_access.sessions import is_of_person


def add(session: Session, row: FamilyGrant) -> None:
    session.add(row)
    session.flush()


def by_id(session: Session, grant_id: uuid.UUID) -> FamilyGrant | None:
    return session.get(FamilyGrant, grant_id)


def by_ids(session: Session, grant_ids: Collection[uuid.UUID]) -> list[FamilyGrant]:
    return list(session.scalars(select(FamilyGrant).where(FamilyGrant.id.in_(grant_ids))))


def person_of_session(session: Session, session_id: uuid.UUID) -> Patient | None:
    """The newest registration of the person of a session; None for a session of one exam, and for a person without ID
    number."""
    query = select(Patient).join(PatientSession, is_of_person(Patient))
    of_a_person = (PatientSession.exam_id.is_(None), Patient.id_number_hash.is_not(None))
    query = query.where(PatientSession.id == session_id, *of_a_person)
    return session.scalars(query.order_by(Patient.created_at.desc(), Patient.id).limit(1)).first()


def of_relative(session: Session, person: Person, now: datetime) -> list[FamilyGrant]:
    """Whom this person may see, or asked to see; the newest first."""
    mine = (
        FamilyGrant.relative_number_hash == person.id_number_hash,
        FamilyGrant.relative_name_hash == person.name_hash,
    )
    return list(session.scalars(_living(now).where(*mine)))


def of_member(session: Session, person: Person, now: datetime) -> list[FamilyGrant]:
    """Who may see this person's exams; the newest first. No requests: nobody may see anything by them."""
    mine = (FamilyGrant.member_number_hash == person.id_number_hash, FamilyGrant.member_name_hash == person.name_hash)
    return list(session.scalars(_living(now).where(*mine, FamilyGrant.confirmed_at.is_not(None))))


def _living(now: datetime) -> Select[FamilyGrant]:
    query = select(FamilyGrant).where(FamilyGrant.ended_at.is_(None), FamilyGrant.expires_at > now)
    return query.order_by(FamilyGrant.created_at.desc(), FamilyGrant.id)


def waiting(session: Session, now: datetime, place: Place | None, limit: int) -> list[tuple[FamilyGrant, Patient]]:
    """Requests of guardians who name somebody who is registered, each with the newest registration; the oldest
    first."""
    newer = aliased(Patient)
    has_newer = (
        select(newer.id)
        .where(
            newer.id_number_hash == Patient.id_number_hash,
            newer.name_hash == Patient.name_hash,
            or_(
                newer.created_at > Patient.created_at,
                and_(newer.created_at == Patient.created_at, newer.id > Patient.id),
            ),
        )
        .exists()
    )
    query = (
        select(FamilyGrant, Patient)
        .join(
            Patient,
            and_(
                Patient.id_number_hash == FamilyGrant.member_number_hash,
                Patient.name_hash == FamilyGrant.member_name_hash,
            ),
        )
        .where(
            FamilyGrant.confirmed_at.is_(None), FamilyGrant.ended_at.is_(None), FamilyGrant.expires_at > now, ~has_newer
        )
    )
    rows = rows_at(session, query, (FamilyGrant.created_at, FamilyGrant.id), place, limit, oldest_first=True)
    return [(grant, patient) for grant, patient in rows]


def newest_named(session: Session, people: Collection[tuple[bytes, bytes]]) -> dict[tuple[bytes, bytes], Patient]:
    """The newest registration of each person (name, ID number)."""
    numbers = {number for _, number in people}
    query = select(Patient).where(Patient.id_number_hash.in_(numbers)).order_by(Patient.created_at, Patient.id)
    found = {(row.name_hash, row.id_number_hash or b""): row for row in session.scalars(query)}
    return {person: found[person] for person in people if person in found}


def confirm(session: Session, grant_id: uuid.UUID, now: datetime, expires_at: datetime) -> bool:
    """False when it was answered, ended or expired before."""
    statement = update(FamilyGrant).where(
        FamilyGrant.id == grant_id,
        FamilyGrant.confirmed_at.is_(None),
        FamilyGrant.ended_at.is_(None),
        FamilyGrant.expires_at > now,
    )
    values = {"confirmed_at": now, "expires_at": expires_at}
    return changed_rows(session, statement.values(values).execution_options(synchronize_session=False)) == 1


def end(session: Session, grant_id: uuid.UUID, now: datetime, by: FamilyEnd) -> bool:
    """False when it was ended before."""
    statement = update(FamilyGrant).where(FamilyGrant.id == grant_id, FamilyGrant.ended_at.is_(None))
    statement = statement.values(ended_at=now, ended_by=by).execution_options(synchronize_session=False)
    return changed_rows(session, statement) == 1


def end_of_member(session: Session, member: Person, now: datetime, by: FamilyEnd) -> list[uuid.UUID]:
    """Nobody sees this person's exams as a relative any more; the ids of what was ended."""
    statement = update(FamilyGrant).where(
        FamilyGrant.member_number_hash == member.id_number_hash,
        FamilyGrant.member_name_hash == member.name_hash,
        FamilyGrant.confirmed_at.is_not(None),
        FamilyGrant.ended_at.is_(None),
        FamilyGrant.expires_at > now,
    )
    ended = statement.values(ended_at=now, ended_by=by).returning(FamilyGrant.id)
    return list(session.scalars(ended.execution_options(synchronize_session=False)))


def end_between(session: Session, relative: Person, member: Person, now: datetime, *, but: uuid.UUID) -> None:
    """The member is added again by the grant `but`: what else there was between these two is over."""
    statement = update(FamilyGrant).where(
        FamilyGrant.relative_number_hash == relative.id_number_hash,
        FamilyGrant.relative_name_hash == relative.name_hash,
        FamilyGrant.member_number_hash == member.id_number_hash,
        FamilyGrant.member_name_hash == member.name_hash,
        FamilyGrant.ended_at.is_(None),
        FamilyGrant.id != but,
    )
    values = {"ended_at": now, "ended_by": FamilyEnd.AGAIN}
    session.execute(statement.values(values).execution_options(synchronize_session=False))


def relatives_of(session: Session, grant_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Patient]:
    """The newest registration of the relative of each grant."""
    query = select(FamilyGrant.id, Patient).join(
        Patient,
        and_(
            Patient.id_number_hash == FamilyGrant.relative_number_hash,
            Patient.name_hash == FamilyGrant.relative_name_hash,
        ),
    )
    found = session.execute(query.where(FamilyGrant.id.in_(grant_ids)).order_by(Patient.created_at, Patient.id))
    return {row[0]: row[1] for row in found}
