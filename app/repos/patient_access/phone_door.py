"""Rows of the phone door: digits for phone numbers, how often they are asked for, who is registered with a number.

Each count is one conditional statement, for the reasons that `attempts` gives. No limits here but the ten times kept.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, exists, insert, literal, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.models import Exam, Patient, PatientSession, PhoneCode, PhoneRequests
from app.repos.changed_rows import changed_rows
from app.repos.due_times import SKEW

Limits = Mapping[int, timedelta]
"""How many may be asked for within which time; at most the ten that a row keeps."""
_ASKED: list[Any] = [getattr(PhoneRequests, f"asked_{number}_at") for number in range(1, 11)]


def ensure_requests(session: Session, phone_hash: bytes) -> None:
    """Make sure that the number's row exists. The statements are the same whether or not it existed before."""
    absent = ~exists().where(PhoneRequests.phone_hash == phone_hash)
    column = PhoneRequests.__table__.c.phone_hash
    statement = insert(PhoneRequests).from_select([column], select(literal(phone_hash, column.type)).where(absent))
    try:
        with session.begin_nested():
            session.execute(statement)
    except IntegrityError:
        pass  # another process made the row first


def claim_request(session: Session, phone_hash: bytes, now: datetime, limits: Limits) -> bool:
    """Note that digits are asked for, in one conditional UPDATE. False, and nothing noted, when a limit is reached.

    Exact for every stretch of time, not only for those that begin with a first request: the last ten times are kept.
    """
    later = {column: earlier for earlier, column in pairwise(_ASKED)}
    with_room = (_has_room(most, window, now) for most, window in limits.items())
    statement = update(PhoneRequests).where(PhoneRequests.phone_hash == phone_hash, *with_room)
    statement = statement.values({_ASKED[0]: now, **later}).execution_options(synchronize_session=False)
    return changed_rows(session, statement) == 1


def _has_room(most: int, window: timedelta, now: datetime) -> ColumnElement[bool]:
    """The request that many back is out of the window, or of a clock that ran ahead."""
    asked: ColumnElement[datetime] = _ASKED[most - 1]
    return or_(asked.is_(None), asked <= now - window, asked > now + window + SKEW)


def requests_end_at(session: Session, phone_hash: bytes, limits: Limits) -> datetime | None:
    """When the number has room again, as things stand; None when it was never asked for."""
    row = session.get(PhoneRequests, phone_hash, populate_existing=True)
    asked = {most: getattr(row, f"asked_{most}_at") for most in limits}
    return max((asked[most] + limits[most] for most in limits if asked[most] is not None), default=None)


def add(session: Session, row: PhoneCode | PatientSession) -> None:
    session.add(row)
    session.flush()


def by_id(session: Session, code_id: uuid.UUID) -> PhoneCode | None:
    return session.get(PhoneCode, code_id)


def mark_queued(session: Session, code_id: uuid.UUID, now: datetime) -> bool:
    """False when its message was put into the outbox before."""
    statement = update(PhoneCode).where(PhoneCode.id == code_id, PhoneCode.queued_at.is_(None))
    return changed_rows(session, statement.values(queued_at=now)) == 1


def claim_try(
    session: Session, phone_hash: bytes, browser_hash: bytes, now: datetime, most: int
) -> list[tuple[uuid.UUID, bytes]]:
    """Count one try on every live code of this number and browser before it is compared; (id, hash) of each."""
    statement = (
        update(PhoneCode)
        .where(
            PhoneCode.phone_hash == phone_hash,
            PhoneCode.browser_hash == browser_hash,
            PhoneCode.used_at.is_(None),
            PhoneCode.expires_at > now,
            PhoneCode.failures < most,
        )
        .values(failures=PhoneCode.failures + 1)
        .returning(PhoneCode.id, PhoneCode.code_hash)
        .execution_options(synchronize_session=False)
    )
    return [(code_id, code_hash) for code_id, code_hash in session.execute(statement)]


def use(session: Session, code_id: uuid.UUID, now: datetime) -> bool:
    """Mark it used; False when somebody used it a moment before."""
    statement = update(PhoneCode).where(PhoneCode.id == code_id, PhoneCode.used_at.is_(None)).values(used_at=now)
    return changed_rows(session, statement.execution_options(synchronize_session=False)) == 1


def end_others(session: Session, phone_hash: bytes, browser_hash: bytes, now: datetime) -> None:
    """One of them opened: nobody needs the others of this number and browser any more."""
    mine = (PhoneCode.phone_hash == phone_hash, PhoneCode.browser_hash == browser_hash, PhoneCode.used_at.is_(None))
    session.execute(update(PhoneCode).where(*mine).values(used_at=now).execution_options(synchronize_session=False))


def newest_exam(session: Session, phone_hash: bytes) -> Exam | None:
    """Of all patients with this number."""
    query = select(Exam).join(Patient, Patient.id == Exam.patient_id).where(Patient.phone_hash == phone_hash)
    return session.scalars(query.order_by(Exam.created_at.desc(), Exam.id).limit(1)).one_or_none()


def people(session: Session, phone_hash: bytes, limit: int) -> list[Patient]:
    """The patients with this phone number and an ID number."""
    query = select(Patient)
    known = (Patient.phone_hash == phone_hash, Patient.id_number_hash.is_not(None))
    return list(session.scalars(query.where(*known).limit(limit)))
