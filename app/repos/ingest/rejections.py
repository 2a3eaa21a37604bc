"""Rows of rejected SOP instances. Rejection notes are read in app/dicom/rejection_notes."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import cast

from sqlalchemy import ColumnElement, Table, and_, exists, insert, select
from sqlalchemy.orm import Session

from app.models import Instance, Rejection

_KEY_OBJECTS = "1.2.840.10008.5.1.4.1.1.88.59"
"""Key Object Selection Document Storage."""
_ASKED_AT_ONCE = 1000
"""Values in one statement; SQLite takes at most 32 766."""


def known(session: Session, study_id: uuid.UUID, uids: Collection[str]) -> set[str]:
    """Those of `uids` that are already rejected in the study."""
    named, found = sorted(uids), set[str]()
    for start in range(0, len(named), _ASKED_AT_ONCE):
        these = Rejection.sop_instance_uid.in_(named[start : start + _ASKED_AT_ONCE])
        found.update(session.scalars(select(Rejection.sop_instance_uid).where(Rejection.study_id == study_id, these)))
    return found


def add(session: Session, study_id: uuid.UUID, uids: Collection[str], now: datetime) -> None:
    """Add all rows by one statement without the ORM, which would hold the write lock ten times as long. The session is
    flushed first, because it may hold their new study."""
    session.flush()
    rows = [{"id": uuid.uuid4(), "study_id": study_id, "sop_instance_uid": uid, "at": now} for uid in sorted(uids)]
    session.connection().execute(insert(cast(Table, Rejection.__table__)), rows)


def not_rejected() -> ColumnElement[bool]:
    """A condition on `Instance`: no rejection names it."""
    return ~exists().where(
        Rejection.study_id == Instance.study_id, Rejection.sop_instance_uid == Instance.sop_instance_uid
    )


def may_be_shown() -> ColumnElement[bool]:
    """A condition on `Instance`: it is not rejected, and no list of others, as rejection notes themselves are."""
    return and_(not_rejected(), Instance.sop_class_uid != _KEY_OBJECTS)
