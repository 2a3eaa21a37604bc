"""Rows of wrapped data keys."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import DataKey


def add(session: Session, row: DataKey) -> None:
    session.add(row)


def by_id(session: Session, key_id: uuid.UUID) -> DataKey | None:
    return session.get(DataKey, key_id)


def newest(session: Session, limit: int) -> list[DataKey]:
    return list(session.scalars(select(DataKey).order_by(DataKey.created_at.desc(), DataKey.id).limit(limit)))
