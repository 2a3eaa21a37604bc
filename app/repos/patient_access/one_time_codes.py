"""Rows of one-time codes. A try is counted on all live codes before it is compared with them. `codes` adds the rows."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, or_, select, update
from sqlalchemy.orm import Session

from app.models import BindingCode, FamilyCode, OneTimeCode, PhoneCode
from app.models.states import OneTimeCodeKind
from app.repos.changed_rows import changed_rows

DIGITS: tuple[type[OneTimeCode] | type[PhoneCode] | type[BindingCode] | type[FamilyCode], ...] = (
    OneTimeCode,
    PhoneCode,
    BindingCode,
    FamilyCode,
)
"""What a message can carry: a one-time code, digits of the phone door, digits that bind, digits for a relative."""


def by_id(session: Session, code_id: uuid.UUID) -> OneTimeCode | None:
    return session.get(OneTimeCode, code_id)


def sent_since(session: Session, exam_id: uuid.UUID, since: datetime) -> int:
    query = select(func.count()).select_from(OneTimeCode)
    sent = (OneTimeCode.exam_id == exam_id, OneTimeCode.kind == OneTimeCodeKind.SMS, OneTimeCode.created_at > since)
    return session.scalar(query.where(*sent)) or 0


def claim(session: Session, access_code_id: uuid.UUID, now: datetime, most: int) -> list[tuple[uuid.UUID, bytes, int]]:
    """Count one try on every live one-time code of an access code; returns id and hash of each, for the comparison, and
    which try it is.

    A person with another access code of the exam cannot use up these tries. The tries of a desk code never run out.
    """
    statement = (
        update(OneTimeCode)
        .where(*_open_to_a_try(access_code_id, now, most))
        .values(failures=OneTimeCode.failures + 1)
        .returning(OneTimeCode.id, OneTimeCode.code_hash, OneTimeCode.failures)
        .execution_options(synchronize_session=False)
    )
    return [(code_id, code_hash, tried) for code_id, code_hash, tried in session.execute(statement)]


def _open_to_a_try(access_code_id: uuid.UUID, now: datetime, most: int) -> tuple[ColumnElement[bool], ...]:
    """Conditions: not used, not expired, not tried too often. A desk code is long, so its tries have no limit."""
    return (
        OneTimeCode.access_code_id == access_code_id,
        OneTimeCode.used_at.is_(None),
        OneTimeCode.expires_at > now,
        or_(OneTimeCode.kind == OneTimeCodeKind.DESK, OneTimeCode.failures < most),
    )


def use(session: Session, code_id: uuid.UUID, now: datetime) -> bool:
    """Mark the code as used; False when it was used before."""
    statement = update(OneTimeCode).where(OneTimeCode.id == code_id, OneTimeCode.used_at.is_(None)).values(used_at=now)
    return changed_rows(session, statement) == 1


def end_others(session: Session, access_code_id: uuid.UUID, now: datetime) -> None:
    """End all unused one-time codes of an access code, after one of them opened the exam."""
    unused = (OneTimeCode.access_code_id == access_code_id, OneTimeCode.used_at.is_(None))
    session.execute(update(OneTimeCode).where(*unused).values(used_at=now))


def end_all(session: Session, exam_id: uuid.UUID, now: datetime) -> None:
    statement = update(OneTimeCode).where(OneTimeCode.exam_id == exam_id, OneTimeCode.used_at.is_(None))
    session.execute(statement.values(used_at=now))


def end_all_of(session: Session, exams: Select[uuid.UUID], now: datetime) -> None:
    statement = update(OneTimeCode).where(OneTimeCode.exam_id.in_(exams), OneTimeCode.used_at.is_(None))
    session.execute(statement.values(used_at=now).execution_options(synchronize_session=False))


def end(session: Session, code_id: uuid.UUID, now: datetime) -> None:
    """End what a message carries: digits of one of these kinds."""
    for kind in DIGITS:
        session.execute(update(kind).where(kind.id == code_id, kind.used_at.is_(None)).values(used_at=now))


def expires_at(session: Session, code_id: uuid.UUID) -> datetime | None:
    """When what a message carries expires: see `end`. None when it is gone."""
    for kind in DIGITS:
        found = session.scalars(select(kind.expires_at).where(kind.id == code_id)).one_or_none()
        if found is not None:
            return found
    return None
