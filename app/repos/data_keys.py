"""Rows of wrapped data keys."""

from __future__ import annotations

import uuid

from sqlalchemy.orm import Session

from app.models import DataKey


def add(session: Session, row: DataKey) -> None:
    session.add(row)


def by_id(session: Session, key_id: uuid.UUID) -> DataKey | None:
    return session.get(DataKey, key_id)
