"""Rows of share codes, sessions and known devices. Failures are counted in `attempts`, one-time codes in their own."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, delete, exists, func, select, update
from sqlalchemy.orm import Session

from app.models import Exam, KnownDevice, OneTimeCode, PatientSession, ShareCode
from app.repos.changed_rows import changed_rows


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


def known_device(session: Session, device_hash: bytes, exam_id: uuid.UUID) -> KnownDevice | None:
    query = select(KnownDevice).where(KnownDevice.device_hash == device_hash, KnownDevice.exam_id == exam_id)
    return session.scalars(query).one_or_none()


def is_known_device(session: Session, device_hash: bytes) -> bool:
    return bool(session.scalar(select(exists().where(KnownDevice.device_hash == device_hash))))


def revoke_codes(session: Session, exam_id: uuid.UUID, now: datetime, only: Collection[uuid.UUID] | None = None) -> int:
    """Revoke the codes of an exam, or `only` some of them; returns how many were live."""
    statement = update(ShareCode).where(ShareCode.exam_id == exam_id, ShareCode.revoked_at.is_(None))
    if only is not None:
        statement = statement.where(ShareCode.id.in_(only))
    return changed_rows(session, statement.values(revoked_at=now))


def forget_devices(session: Session, exam_id: uuid.UUID) -> None:
    session.execute(delete(KnownDevice).where(KnownDevice.exam_id == exam_id))


def revoke_sessions(session: Session, exam_id: uuid.UUID, now: datetime) -> int:
    statement = update(PatientSession).where(PatientSession.exam_id == exam_id, PatientSession.revoked_at.is_(None))
    return changed_rows(session, statement.values(revoked_at=now))


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
)
LookUp = Callable[[Select[*tuple[Any, ...]], Mapping[str, Any]], tuple[Any, ...] | None]


def session_row(look_up: LookUp, session_id: uuid.UUID) -> SessionRow | None:
    """`look_up`: `Database.look_up`, since every picture passes here."""
    found = look_up(_SESSION, {"session_id": session_id})
    return SessionRow(*found) if found else None


def touch_session(session: Session, session_id: uuid.UUID, now: datetime) -> None:
    session.execute(update(PatientSession).where(PatientSession.id == session_id).values(last_seen_at=now))
