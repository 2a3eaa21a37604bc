"""Rows of studies, series and instances, as ingest and the archive check need them."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import bindparam, insert, select
from sqlalchemy.orm import Session

from app.models import Instance, Series, Study

# Built once: putting one together costs twice as much as running it, and each batch of ingest passes here.
_STUDIES = select(Study).where(Study.study_instance_uid.in_(bindparam("uids", expanding=True)))
_LOCKED = select(Study).where(Study.id == bindparam("study_id")).with_for_update()
_SERIES = select(Series).where(Series.series_instance_uid.in_(bindparam("uids", expanding=True)))
_INSTANCES = select(Instance).where(Instance.sop_instance_uid.in_(bindparam("uids", expanding=True)))


def by_uid(session: Session, uids: Collection[str]) -> dict[str, Study]:
    return {row.study_instance_uid: row for row in session.scalars(_STUDIES, {"uids": list(uids)})}


def lock(session: Session, study_id: uuid.UUID) -> Study | None:
    """The study's row, locked until the transaction ends; None when it was removed meanwhile."""
    return session.scalars(_LOCKED, {"study_id": study_id}).one_or_none()


def series_by_uid(session: Session, uids: Collection[str]) -> dict[str, Series]:
    return {row.series_instance_uid: row for row in session.scalars(_SERIES, {"uids": list(uids)})}


def instances_by_uid(session: Session, uids: Collection[str]) -> dict[str, Instance]:
    return {row.sop_instance_uid: row for row in session.scalars(_INSTANCES, {"uids": list(uids)})}


def add_instances(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Whole rows, by column name; past the ORM, which takes several times as long for the many of a batch."""
    session.flush()
    if rows:
        session.connection().execute(insert(Instance), rows)


def sealed_instances(session: Session) -> Iterator[tuple[Instance, uuid.UUID]]:
    """Every instance with its study's data key id."""
    query = select(Instance, Study.data_key_id).join(Study, Study.id == Instance.study_id).order_by(Instance.id)
    for row in session.execute(query.execution_options(yield_per=500)):
        yield row.Instance, row.data_key_id
