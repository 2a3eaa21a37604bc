"""Rows of rejected SOP instances."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from app.models import Instance, Rejection


def uids_of(session: Session, study_id: uuid.UUID) -> set[str]:
    return set(session.scalars(select(Rejection.sop_instance_uid).where(Rejection.study_id == study_id)))


def add(session: Session, rows: Sequence[Rejection]) -> None:
    session.add_all(rows)
    session.flush()


def not_rejected() -> ColumnElement[bool]:
    """A condition on `Instance`."""
    return ~exists().where(
        Rejection.study_id == Instance.study_id, Rejection.sop_instance_uid == Instance.sop_instance_uid
    )
