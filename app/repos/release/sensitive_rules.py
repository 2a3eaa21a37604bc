"""Rows of rules of sensitive results. Whether one fits is decided in app/services/release/sensitivity."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.models import SensitiveRule
from app.repos.changed_rows import changed_rows


def add(session: Session, row: SensitiveRule) -> None:
    session.add(row)
    session.flush()


def live(session: Session) -> list[SensitiveRule]:
    query = select(SensitiveRule).where(SensitiveRule.ended_at.is_(None))
    return list(session.scalars(query.order_by(SensitiveRule.created_at, SensitiveRule.id)))


def end(session: Session, rule_id: uuid.UUID, now: datetime) -> bool:
    """Whether the rule was alive."""
    statement = update(SensitiveRule).where(SensitiveRule.id == rule_id, SensitiveRule.ended_at.is_(None))
    return bool(changed_rows(session, statement.values(ended_at=now).execution_options(synchronize_session=False)))
