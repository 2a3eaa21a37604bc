"""Rows of quarantined objects. Why an object is refused is in app/dicom/refusals; its bytes are in app/archive."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import QuarantineItem
from app.repos.keyset import Place, rows_at


def by_content(session: Session, hashes: Collection[bytes]) -> dict[tuple[bytes, str], QuarantineItem]:
    """The items whose content has one of these SHA-256 hashes, by (hash, reason)."""
    query = select(QuarantineItem).where(QuarantineItem.sha256.in_(hashes))
    return {(row.sha256, row.reason): row for row in session.scalars(query)}


def newest(session: Session, place: Place | None, limit: int) -> list[QuarantineItem]:
    order = (QuarantineItem.received_at, QuarantineItem.id)
    return [row[0] for row in rows_at(session, select(QuarantineItem), order, place, limit)]


def all_items(session: Session, after: uuid.UUID | None = None, limit: int | None = None) -> list[QuarantineItem]:
    """Items in order of id; `after`: only greater ids."""
    query = select(QuarantineItem).order_by(QuarantineItem.id)
    if after is not None:
        query = query.where(QuarantineItem.id > after)
    return list(session.scalars(query.limit(limit)))


def object_keys(session: Session, first: uuid.UUID, last: uuid.UUID) -> set[str]:
    """The object keys of the items with an id from `first` to `last`."""
    return set(session.scalars(select(QuarantineItem.object_key).where(QuarantineItem.id.between(first, last))))
