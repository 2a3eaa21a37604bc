"""Rows of staff accounts and their sessions. Login is in app/services/staff."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from app.models import StaffSession, StaffUser
from app.repos.changed_rows import changed_rows


def by_username(session: Session, username: str) -> StaffUser | None:
    return session.scalars(select(StaffUser).where(StaffUser.username == username)).one_or_none()


def get(session: Session, user_id: uuid.UUID) -> StaffUser | None:
    return session.get(StaffUser, user_id)


def everybody(session: Session) -> list[StaffUser]:
    return list(session.scalars(select(StaffUser).order_by(StaffUser.username)))


def add(session: Session, row: StaffUser | StaffSession) -> None:
    session.add(row)
    session.flush()


def use_totp_step(session: Session, proved: StaffUser, step: int) -> bool:
    """Mark a time step as used. False when this step or a later step was used before, or when the account changed
    since `proved` was read: it is disabled, or has another password or another TOTP secret."""
    unused = or_(StaffUser.totp_last_step.is_(None), StaffUser.totp_last_step < step)
    unchanged = (StaffUser.password_hash == proved.password_hash, StaffUser.totp_sealed == proved.totp_sealed)
    statement = (
        update(StaffUser)
        .where(StaffUser.id == proved.id, StaffUser.disabled_at.is_(None), *unchanged, unused)
        .values(totp_last_step=step)
        .execution_options(synchronize_session=False)
    )
    return changed_rows(session, statement) == 1


@dataclass(frozen=True, slots=True)
class StaffSessionRow:
    """A session joined with its user: everything that the check of a request needs."""

    user_id: uuid.UUID
    username: str
    role: str
    password_changed_at: datetime
    disabled_at: datetime | None
    last_seen_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


_SESSION = select(
    StaffUser.id,
    StaffUser.username,
    StaffUser.role,
    StaffUser.password_changed_at,
    StaffUser.disabled_at,
    StaffSession.last_seen_at,
    StaffSession.expires_at,
    StaffSession.revoked_at,
).join(StaffUser, StaffUser.id == StaffSession.user_id)


def session_row(session: Session, session_id: uuid.UUID) -> StaffSessionRow | None:
    found = session.execute(_SESSION.where(StaffSession.id == session_id)).one_or_none()
    return StaffSessionRow(*found) if found else None


def touch_session(session: Session, session_id: uuid.UUID, now: datetime) -> None:
    session.execute(update(StaffSession).where(StaffSession.id == session_id).values(last_seen_at=now))


def revoke_session(session: Session, session_id: uuid.UUID, now: datetime) -> None:
    session.execute(update(StaffSession).where(StaffSession.id == session_id).values(revoked_at=now))


def revoke_sessions_of(session: Session, user_id: uuid.UUID, now: datetime) -> None:
    open_ones = update(StaffSession).where(StaffSession.user_id == user_id, StaffSession.revoked_at.is_(None))
    session.execute(open_ones.values(revoked_at=now))
