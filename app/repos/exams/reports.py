"""Rows of report versions. `exams` adds them; app/services/exams/reports decides about them."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import Report
from app.models.states import READABLE


def reports(session: Session, exam_id: uuid.UUID) -> list[Report]:
    """All versions, oldest first."""
    return list(session.scalars(select(Report).where(Report.exam_id == exam_id).order_by(Report.version)))


def latest_report(session: Session, exam_id: uuid.UUID) -> Report | None:
    query = select(Report).where(Report.exam_id == exam_id).order_by(Report.version.desc()).limit(1)
    return session.scalars(query).one_or_none()


def latest_released_report(session: Session, exam_id: uuid.UUID) -> Report | None:
    """The newest version that patients may read."""
    query = (
        select(Report)
        .where(Report.exam_id == exam_id, Report.status.in_(READABLE))
        .order_by(Report.version.desc())
        .limit(1)
    )
    return session.scalars(query).one_or_none()


def with_readable_report(session: Session, exam_ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Those of these exams that have a version patients may read."""
    query = select(Report.exam_id).where(Report.exam_id.in_(exam_ids), Report.status.in_(READABLE)).distinct()
    return set(session.scalars(query))


def newest_readable_version(session: Session, exam_id: uuid.UUID) -> int:
    """0 while there is no version that patients may read."""
    query = select(func.max(Report.version)).where(Report.exam_id == exam_id, Report.status.in_(READABLE))
    return session.scalar(query) or 0
