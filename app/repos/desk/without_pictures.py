"""Exams whose report was told alone, because no pictures came. The release gate decides that."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Exam


def newest(session: Session, limit: int) -> list[Exam]:
    """Those that still have no released pictures, newest first."""
    query = select(Exam).where(Exam.report_released_at.is_not(None), Exam.images_released_at.is_(None))
    return list(session.scalars(query.order_by(Exam.report_released_at.desc()).limit(limit)))
