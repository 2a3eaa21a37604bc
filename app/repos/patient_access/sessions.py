"""Rows of patients' sessions and of known devices, which opened an exam before. `codes` adds the rows."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, delete, exists, select, update
from sqlalchemy.orm import Session

from app.models import Exam, KnownDevice, PatientSession
from app.repos.changed_rows import changed_rows


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


def by_id(session: Session, session_id: uuid.UUID) -> PatientSession | None:
    return session.get(PatientSession, session_id)


def locked(session: Session, session_id: uuid.UUID) -> PatientSession | None:
    """The row as it is now, locked until the transaction ends."""
    query = select(PatientSession).where(PatientSession.id == session_id).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def revoke_session(session: Session, session_id: uuid.UUID, now: datetime) -> None:
    session.execute(update(PatientSession).where(PatientSession.id == session_id).values(revoked_at=now))


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session joined with its exam: everything that the check of a request needs."""

    exam_id: uuid.UUID
    exam_revision: int
    held_at: datetime | None
    last_seen_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


# Built once: to build the statement costs as much as to run it.
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
    """The session with its exam, or None. `look_up` is `Database.look_up`, because every picture asks this."""
    found = look_up(_SESSION, {"session_id": session_id})
    return SessionRow(*found) if found else None


def touch_session(session: Session, session_id: uuid.UUID, now: datetime) -> None:
    session.execute(update(PatientSession).where(PatientSession.id == session_id).values(last_seen_at=now))
