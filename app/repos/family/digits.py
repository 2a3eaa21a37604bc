"""Rows of digits that a member of the family gives to a relative. Limits are in app/services/family."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ColumnElement, update
from sqlalchemy.orm import Session

from app.models import FamilyCode
from app.repos.binding.codes import Person
from app.repos.changed_rows import changed_rows


def add(session: Session, row: FamilyCode) -> None:
    session.add(row)
    session.flush()


def by_id(session: Session, code_id: uuid.UUID) -> FamilyCode | None:
    return session.get(FamilyCode, code_id)


def mark_queued(session: Session, code_id: uuid.UUID, now: datetime) -> bool:
    """False when its message was put into the outbox before."""
    statement = update(FamilyCode).where(FamilyCode.id == code_id, FamilyCode.queued_at.is_(None))
    return changed_rows(session, statement.values(queued_at=now)) == 1


def claim_try(
    session: Session, relative: Person, member: Person | None, now: datetime, most: int
) -> list[tuple[uuid.UUID, bytes]]:
    """Count one try on every live code of these two, before it is compared; (id, hash) of each. `member`: None for all
    that this relative asked for."""
    statement = (
        update(FamilyCode)
        .where(
            *_between(relative, member),
            FamilyCode.used_at.is_(None),
            FamilyCode.expires_at > now,
            FamilyCode.failures < most,
        )
        .values(failures=FamilyCode.failures + 1)
        .returning(FamilyCode.id, FamilyCode.code_hash)
        .execution_options(synchronize_session=False)
    )
    return [(code_id, code_hash) for code_id, code_hash in session.execute(statement)]


def use(session: Session, code_id: uuid.UUID, now: datetime) -> FamilyCode | None:
    """Mark it used; None when somebody used it a moment before."""
    statement = update(FamilyCode).where(FamilyCode.id == code_id, FamilyCode.used_at.is_(None)).values(used_at=now)
    if changed_rows(session, statement.execution_options(synchronize_session=False)) != 1:
        return None
    return session.get(FamilyCode, code_id, populate_existing=True)


def end_others(session: Session, relative: Person, member: Person, now: datetime) -> None:
    """One of them was used: nobody needs the others of these two any more."""
    statement = update(FamilyCode).where(*_between(relative, member), FamilyCode.used_at.is_(None))
    session.execute(statement.values(used_at=now).execution_options(synchronize_session=False))


def _between(relative: Person, member: Person | None) -> tuple[ColumnElement[bool], ...]:
    asked = (
        FamilyCode.relative_number_hash == relative.id_number_hash,
        FamilyCode.relative_name_hash == relative.name_hash,
    )
    if member is None:
        return asked
    return (
        *asked,
        FamilyCode.member_number_hash == member.id_number_hash,
        FamilyCode.member_name_hash == member.name_hash,
    )
