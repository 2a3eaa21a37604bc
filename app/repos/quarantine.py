"""Rows of quarantined objects."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import QuarantineItem


def by_content(session: Session, hashes: Collection[bytes]) -> dict[tuple[bytes, str], QuarantineItem]:
    """Items with these SHA-256, by (hash, reason)."""
    query = select(QuarantineItem).where(QuarantineItem.sha256.in_(hashes))
    return {(row.sha256, row.reason): row for row in session.scalars(query)}


def newest(session: Session, limit: int, offset: int = 0) -> list[QuarantineItem]:
    query = select(QuarantineItem).order_by(QuarantineItem.received_at.desc(), QuarantineItem.id)
    return list(session.scalars(query.limit(limit).offset(offset)))


def all_items(session: Session) -> Iterator[QuarantineItem]:
    yield from session.scalars(select(QuarantineItem).order_by(QuarantineItem.id).execution_options(yield_per=500))
