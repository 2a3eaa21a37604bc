"""Rows of wrapped data keys. Nothing is unwrapped here."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import DataKeyRow


def add(session: Session, row: DataKeyRow) -> None:
    session.add(row)


def by_id(session: Session, key_id: uuid.UUID) -> DataKeyRow | None:
    return session.get(DataKeyRow, key_id)


def newest(session: Session, limit: int) -> list[DataKeyRow]:
    return list(session.scalars(select(DataKeyRow).order_by(DataKeyRow.created_at.desc(), DataKeyRow.id).limit(limit)))
