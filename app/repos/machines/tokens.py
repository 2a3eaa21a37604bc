"""Rows of machine tokens. They hold only hashes; tokens are made in app/services/machines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from app.models import MachineToken

# Built once: to build the statement costs more than to run it.
_SCOPES = select(MachineToken.name, MachineToken.scopes).where(
    MachineToken.token_hash == bindparam("token_hash"), MachineToken.revoked_at.is_(None)
)
LookUp = Callable[[Select[*tuple[Any, ...]], Mapping[str, Any]], tuple[Any, ...] | None]


def name_and_scopes(look_up: LookUp, token_hash: bytes) -> tuple[str, str] | None:
    """(name, scopes) of the token with this hash; None when it is unknown or revoked.

    `look_up` is `Database.look_up`, because every request of a system asks this.
    """
    found = look_up(_SCOPES, {"token_hash": token_hash})
    return (found[0], found[1]) if found else None


def by_name(session: Session, name: str) -> MachineToken | None:
    return session.scalars(select(MachineToken).where(MachineToken.name == name)).one_or_none()


def everyone(session: Session) -> list[MachineToken]:
    return list(session.scalars(select(MachineToken).order_by(MachineToken.created_at, MachineToken.name)))


def add(session: Session, token: MachineToken) -> None:
    session.add(token)
