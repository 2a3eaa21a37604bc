"""Rows of phone numbers that want no news by text message."""

from __future__ import annotations

from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.models import OptOut
from app.repos.changed_rows import changed_rows


def row(session: Session, phone_hash: bytes) -> OptOut | None:
    return session.get(OptOut, phone_hash)


def add(session: Session, one: OptOut) -> None:
    session.add(one)
    session.flush()


def remove(session: Session, phone_hash: bytes) -> bool:
    """False when there was none."""
    return changed_rows(session, delete(OptOut).where(OptOut.phone_hash == phone_hash)) == 1
