"""Rows of machine tokens."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import MachineToken


def by_hash(session: Session, token_hash: bytes) -> MachineToken | None:
    return session.scalars(select(MachineToken).where(MachineToken.token_hash == token_hash)).one_or_none()


def by_name(session: Session, name: str) -> MachineToken | None:
    return session.scalars(select(MachineToken).where(MachineToken.name == name)).one_or_none()


def everyone(session: Session) -> list[MachineToken]:
    return list(session.scalars(select(MachineToken).order_by(MachineToken.created_at, MachineToken.name)))


def add(session: Session, token: MachineToken) -> None:
    session.add(token)
