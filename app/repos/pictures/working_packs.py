"""Rows of the packs of working copies. Packs are written and read in app/services/pictures."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.models import PreparedSeries, Study, WorkingPack


def of_series(session: Session, series_ids: Collection[uuid.UUID]) -> list[WorkingPack]:
    """The packs of these prepared series, in order of their frames."""
    query = select(WorkingPack).where(WorkingPack.series_id.in_(series_ids))
    return list(session.scalars(query.order_by(WorkingPack.series_id, WorkingPack.first_frame)))


def mark_used(session: Session, series_id: uuid.UUID, now: datetime) -> None:
    session.execute(update(WorkingPack).where(WorkingPack.series_id == series_id).values(used_at=now))


def unused(session: Session, since: datetime, limit: int) -> list[WorkingPack]:
    """Packs that were last used before `since`, the oldest first."""
    query = select(WorkingPack).where(WorkingPack.used_at < since).order_by(WorkingPack.used_at, WorkingPack.id)
    return list(session.scalars(query.limit(limit)))


def remove(session: Session, pack_ids: Collection[uuid.UUID], since: datetime) -> list[str]:
    """Delete those of the packs that still were not used since; returns their object keys."""
    these = (WorkingPack.id.in_(pack_ids), WorkingPack.used_at < since)
    keys = list(session.scalars(select(WorkingPack.object_key).where(*these)))
    session.execute(delete(WorkingPack).where(*these, WorkingPack.object_key.in_(keys)))
    return keys


def all_packs(
    session: Session, after: uuid.UUID | None = None, limit: int | None = None
) -> list[tuple[WorkingPack, int, uuid.UUID]]:
    """Packs with the revision they were sealed under and the id of their study's data key, in order of id; `after`:
    only greater ids."""
    query = (
        select(WorkingPack, PreparedSeries.revision, Study.data_key_id)
        .join(PreparedSeries, PreparedSeries.id == WorkingPack.series_id)
        .join(Study, Study.id == PreparedSeries.study_id)
    )
    if after is not None:
        query = query.where(WorkingPack.id > after)
    rows = session.execute(query.order_by(WorkingPack.id).limit(limit))
    return [(row.WorkingPack, row.revision, row.data_key_id) for row in rows]


def is_kept(session: Session, pack_id: uuid.UUID) -> bool:
    return session.get(WorkingPack, pack_id) is not None
