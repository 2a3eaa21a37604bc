"""Rows of share codes, attempts, one-time codes, sessions and known devices."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Select,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.models import AccessAttempts, Exam, KnownDevice, OneTimeCode, PatientSession, ShareCode


def code_by_hash(session: Session, code_hash: bytes) -> ShareCode | None:
    return session.scalars(select(ShareCode).where(ShareCode.code_hash == code_hash)).one_or_none()


def lock_code(session: Session, code_id: uuid.UUID) -> ShareCode:
    """The row as it is now, locked until the transaction ends."""
    return session.scalars(select(ShareCode).where(ShareCode.id == code_id).with_for_update()).one()


def codes_of(session: Session, exam_id: uuid.UUID, kind: str | None = None) -> list[ShareCode]:
    query = select(ShareCode).where(ShareCode.exam_id == exam_id)
    if kind is not None:
        query = query.where(ShareCode.kind == kind)
    return list(session.scalars(query.order_by(ShareCode.serial)))


def last_serial(session: Session, exam_id: uuid.UUID, kind: str) -> int:
    query = select(func.max(ShareCode.serial)).where(ShareCode.exam_id == exam_id, ShareCode.kind == kind)
    return session.scalar(query) or 0


def add(session: Session, row: ShareCode | OneTimeCode | PatientSession | KnownDevice) -> None:
    session.add(row)
    session.flush()


def attempts(session: Session, scope: str, key_hash: bytes) -> AccessAttempts | None:
    return session.get(AccessAttempts, (scope, key_hash), populate_existing=True)


def ensure_attempts(session: Session, scope: str, key_hash: bytes, now: datetime) -> None:
    """The row exists afterwards, whoever made it; the same statements whether or not it did before."""
    row = AccessAttempts.__table__.c
    absent = ~exists().where(AccessAttempts.scope == scope, AccessAttempts.key_hash == key_hash)
    fresh = {row.scope: scope, row.key_hash: key_hash, row.consecutive: 0, row.lifetime: 0, row.window_count: 0}
    values = [literal(value, column.type) for column, value in (fresh | {row.updated_at: now}).items()]
    statement = insert(AccessAttempts).from_select([*fresh, row.updated_at], select(*values).where(absent))
    try:
        with session.begin_nested():
            session.execute(statement)
    except IntegrityError:
        pass  # another process was first, which is as good


def count_attempt(
    session: Session, scope: str, key_hash: bytes, now: datetime, *, pause: timedelta, in_a_row: int, for_life: int
) -> bool:
    """Count one try in a single conditional UPDATE; False when none may be made now.

    The try that fills the row starts the pause, the one that fills a lifetime turns the knowledge factor off; both are
    still compared. After a pause the row starts anew.
    """
    fresh = case((AccessAttempts.paused_until.is_not(None), 0), else_=AccessAttempts.consecutive)
    full = fresh + 1 >= in_a_row
    statement = (
        update(AccessAttempts)
        .where(
            AccessAttempts.scope == scope,
            AccessAttempts.key_hash == key_hash,
            AccessAttempts.knowledge_off_at.is_(None),
            or_(AccessAttempts.paused_until.is_(None), AccessAttempts.paused_until <= now),
        )
        .values(
            consecutive=fresh + 1,
            lifetime=AccessAttempts.lifetime + 1,
            paused_until=case((full, now + pause), else_=None),
            knowledge_off_at=case((AccessAttempts.lifetime + 1 >= for_life, now), else_=None),
            updated_at=now,
        )
    )
    return _changed(session, statement) == 1


def shorten_pause(session: Session, scope: str, key_hash: bytes, now: datetime, pause: timedelta) -> None:
    """After the clock was set back a pause lasts at most its usual length from now on."""
    statement = (
        update(AccessAttempts)
        .where(
            AccessAttempts.scope == scope,
            AccessAttempts.key_hash == key_hash,
            AccessAttempts.paused_until > now + pause,
        )
        .values(paused_until=now + pause)
    )
    session.execute(statement)


def forgive_attempt(session: Session, scope: str, key_hash: bytes, now: datetime) -> None:
    """The try that was counted succeeded: it was no failure, and the row of failures is broken."""
    statement = (
        update(AccessAttempts)
        .where(AccessAttempts.scope == scope, AccessAttempts.key_hash == key_hash)
        .values(
            consecutive=0,
            lifetime=case((AccessAttempts.lifetime > 0, AccessAttempts.lifetime - 1), else_=0),
            paused_until=None,
            knowledge_off_at=None,
            updated_at=now,
        )
    )
    session.execute(statement)


def reset_attempts(session: Session, scope: str, key_hash: bytes, now: datetime) -> None:
    """As if nothing had ever been tried."""
    statement = (
        update(AccessAttempts)
        .where(AccessAttempts.scope == scope, AccessAttempts.key_hash == key_hash)
        .values(
            consecutive=0, lifetime=0, paused_until=None, knowledge_off_at=None, window_started_at=None, window_count=0,
            updated_at=now,
        )
    )  # fmt: skip
    session.execute(statement)


def count_in_window(session: Session, scope: str, key_hash: bytes, now: datetime, window: timedelta) -> None:
    """Count one failure of an address or patient in a window that starts with its first failure."""
    over = or_(
        AccessAttempts.window_started_at.is_(None),
        AccessAttempts.window_started_at <= now - window,
        AccessAttempts.window_started_at > now,
    )
    statement = (
        update(AccessAttempts)
        .where(AccessAttempts.scope == scope, AccessAttempts.key_hash == key_hash)
        .values(
            window_count=case((over, 1), else_=AccessAttempts.window_count + 1),
            window_started_at=case((over, now), else_=AccessAttempts.window_started_at),
            lifetime=AccessAttempts.lifetime + 1,
            updated_at=now,
        )
    )
    session.execute(statement)


def window_count(session: Session, scope: str, key_hash: bytes, now: datetime, window: timedelta) -> int:
    row = attempts(session, scope, key_hash)
    if row is None or row.window_started_at is None or not now - window < row.window_started_at <= now:
        return 0
    return row.window_count


def known_device(session: Session, device_hash: bytes, exam_id: uuid.UUID) -> KnownDevice | None:
    query = select(KnownDevice).where(KnownDevice.device_hash == device_hash, KnownDevice.exam_id == exam_id)
    return session.scalars(query).one_or_none()


def is_known_device(session: Session, device_hash: bytes) -> bool:
    return bool(session.scalar(select(exists().where(KnownDevice.device_hash == device_hash))))


def one_time_code(session: Session, code_id: uuid.UUID) -> OneTimeCode | None:
    return session.get(OneTimeCode, code_id)


def one_time_codes_sent(session: Session, exam_id: uuid.UUID, since: datetime) -> int:
    query = select(func.count()).select_from(OneTimeCode)
    sent = (OneTimeCode.exam_id == exam_id, OneTimeCode.kind == "sms", OneTimeCode.created_at > since)
    return session.scalar(query.where(*sent)) or 0


def one_time_tries(session: Session, share_code_id: uuid.UUID, now: datetime, most: int) -> int:
    """Tries that the live one-time codes of a share code have used up; a further one may not bring them back."""
    query = select(func.max(OneTimeCode.failures)).where(*_open_to_a_try(share_code_id, now, most))
    return session.scalar(query) or 0


def claim_one_time_codes(
    session: Session, share_code_id: uuid.UUID, now: datetime, most: int
) -> list[tuple[uuid.UUID, bytes]]:
    """Count one try on every live one-time code of a share code before it is compared with them; (id, hash) of each.

    Who has another code of the exam cannot use up their tries.
    """
    statement = (
        update(OneTimeCode)
        .where(*_open_to_a_try(share_code_id, now, most))
        .values(failures=OneTimeCode.failures + 1)
        .returning(OneTimeCode.id, OneTimeCode.code_hash)
        .execution_options(synchronize_session=False)
    )
    return [(code_id, code_hash) for code_id, code_hash in session.execute(statement)]


def _open_to_a_try(share_code_id: uuid.UUID, now: datetime, most: int) -> tuple[ColumnElement[bool], ...]:
    """Neither used nor expired nor tried too often."""
    return (
        OneTimeCode.share_code_id == share_code_id,
        OneTimeCode.used_at.is_(None),
        OneTimeCode.expires_at > now,
        OneTimeCode.failures < most,
    )


def use_one_time_code(session: Session, code_id: uuid.UUID, now: datetime) -> bool:
    """Mark it used; False when somebody used it a moment before."""
    statement = update(OneTimeCode).where(OneTimeCode.id == code_id, OneTimeCode.used_at.is_(None)).values(used_at=now)
    return _changed(session, statement) == 1


def revoke_codes(session: Session, exam_id: uuid.UUID, now: datetime, only: Collection[uuid.UUID] | None = None) -> int:
    """Revoke the codes of an exam, or `only` some of them; returns how many were live."""
    statement = update(ShareCode).where(ShareCode.exam_id == exam_id, ShareCode.revoked_at.is_(None))
    if only is not None:
        statement = statement.where(ShareCode.id.in_(only))
    return _changed(session, statement.values(revoked_at=now))


def end_one_time_codes(session: Session, exam_id: uuid.UUID, now: datetime) -> None:
    statement = update(OneTimeCode).where(OneTimeCode.exam_id == exam_id, OneTimeCode.used_at.is_(None))
    session.execute(statement.values(used_at=now))


def end_one_time_code(session: Session, code_id: uuid.UUID, now: datetime) -> None:
    statement = update(OneTimeCode).where(OneTimeCode.id == code_id, OneTimeCode.used_at.is_(None))
    session.execute(statement.values(used_at=now))


def forget_devices(session: Session, exam_id: uuid.UUID) -> None:
    session.execute(delete(KnownDevice).where(KnownDevice.exam_id == exam_id))


def revoke_sessions(session: Session, exam_id: uuid.UUID, now: datetime) -> int:
    statement = update(PatientSession).where(PatientSession.exam_id == exam_id, PatientSession.revoked_at.is_(None))
    return _changed(session, statement.values(revoked_at=now))


def revoke_session(session: Session, session_id: uuid.UUID, now: datetime) -> None:
    session.execute(update(PatientSession).where(PatientSession.id == session_id).values(revoked_at=now))


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session joined with its exam: all that a request's check needs."""

    exam_id: uuid.UUID
    exam_revision: int
    held_at: datetime | None
    last_seen_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


# Built once: putting it together costs as much as running it.
_SESSION = (
    select(
        PatientSession.exam_id,
        Exam.revision,
        Exam.held_at,
        PatientSession.last_seen_at,
        PatientSession.expires_at,
        PatientSession.revoked_at,
    )
    .join(Exam, Exam.id == PatientSession.exam_id)
    .where(PatientSession.id == bindparam("session_id"))
)  # fmt: skip
LookUp = Callable[[Select[*tuple[Any, ...]], Mapping[str, Any]], tuple[Any, ...] | None]


def session_row(look_up: LookUp, session_id: uuid.UUID) -> SessionRow | None:
    """`look_up`: `Database.look_up`, since every picture passes here."""
    found = look_up(_SESSION, {"session_id": session_id})
    return SessionRow(*found) if found else None


def touch_session(session: Session, session_id: uuid.UUID, now: datetime) -> None:
    session.execute(update(PatientSession).where(PatientSession.id == session_id).values(last_seen_at=now))


def _changed(session: Session, statement: Any) -> int:
    return cast("CursorResult[Any]", session.execute(statement)).rowcount
