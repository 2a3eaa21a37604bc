"""Whole rows of studies and instances for ingest and the archive check. Bulk queries of ingest are in `known`."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.models import Instance, InstanceVersion, Study

# Built once, because each batch of ingest runs it.
_LOCKED = select(Study).where(Study.id == bindparam("study_id")).with_for_update()


def by_uid(session: Session, uids: Collection[str]) -> dict[str, Study]:
    return {
        row.study_instance_uid: row for row in session.scalars(select(Study).where(Study.study_instance_uid.in_(uids)))
    }


def lock(session: Session, study_id: uuid.UUID) -> Study | None:
    """The study's row, locked until the transaction ends; None when the row is gone."""
    return session.scalars(_LOCKED, {"study_id": study_id}).one_or_none()


def sealed_instances(
    session: Session, after: uuid.UUID | None = None, limit: int | None = None
) -> list[tuple[Instance, uuid.UUID]]:
    """Instances with the id of their study's data key, in order of id; `after`: only greater ids."""
    query = select(Instance, Study.data_key_id).join(Study, Study.id == Instance.study_id).order_by(Instance.id)
    if after is not None:
        query = query.where(Instance.id > after)
    return [(row.Instance, row.data_key_id) for row in session.execute(query.limit(limit))]


def object_keys(session: Session, first: uuid.UUID, last: uuid.UUID) -> set[str]:
    """The objects of the studies whose ids lie between, earlier versions too."""
    return {
        key
        for model in (Instance, InstanceVersion)
        for key in session.scalars(select(model.object_key).where(model.study_id.between(first, last)))
    }
