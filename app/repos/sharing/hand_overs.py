"""Rows of digits for a doctor's PC, and of the browsers in which they were typed."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import case, func, select, update
from sqlalchemy.orm import Session

from app.models import HandOver, WaitingPc
from app.repos.changed_rows import changed_rows


def add(session: Session, row: HandOver | WaitingPc) -> None:
    session.add(row)
    session.flush()


def count_since(session: Session, exam_id: uuid.UUID, since: datetime) -> int:
    """How many were given from that time on, whatever became of them."""
    these = (HandOver.exam_id == exam_id, HandOver.created_at > since)
    return session.scalar(select(func.count()).select_from(HandOver).where(*these)) or 0


def live_by_hash(session: Session, code_hash: bytes, now: datetime) -> HandOver | None:
    """The digits that open nothing yet and are not over. At most one row: new ones are compared with the living."""
    live = (HandOver.code_hash == code_hash, HandOver.ended_at.is_(None), HandOver.expires_at > now)
    return session.scalars(select(HandOver).where(*live).order_by(HandOver.created_at).limit(1)).one_or_none()


def nearest_live(session: Session, code_hash: bytes, now: datetime) -> HandOver | None:
    """The living digits with this hash, else those with the next hash; None when no digits live. The caller compares
    the hash: unknown digits read as many rows as known ones."""
    live = (HandOver.ended_at.is_(None), HandOver.expires_at > now)
    is_behind = case((HandOver.code_hash >= code_hash, 0), else_=1)  # after the last comes the first
    query = select(HandOver).where(*live).order_by(is_behind, HandOver.code_hash, HandOver.created_at)
    return session.scalars(query.limit(1)).one_or_none()


def live_of(session: Session, patient_session_id: uuid.UUID, exam_id: uuid.UUID, now: datetime) -> HandOver | None:
    """The living digits of a session and exam. At most one row: new ones end those before."""
    mine = (HandOver.patient_session_id == patient_session_id, HandOver.exam_id == exam_id)
    live = (HandOver.ended_at.is_(None), HandOver.expires_at > now)
    return session.scalars(select(HandOver).where(*mine, *live).limit(1)).one_or_none()


def by_id(session: Session, hand_over_id: uuid.UUID) -> HandOver | None:
    return session.get(HandOver, hand_over_id, populate_existing=True)


def end_of(session: Session, patient_session_id: uuid.UUID, exam_id: uuid.UUID, now: datetime) -> None:
    """End all digits that this session gave for this exam."""
    mine = (HandOver.patient_session_id == patient_session_id, HandOver.exam_id == exam_id, HandOver.ended_at.is_(None))
    session.execute(update(HandOver).where(*mine).values(ended_at=now).execution_options(synchronize_session=False))


def end(session: Session, hand_over_id: uuid.UUID, now: datetime) -> bool:
    """False when they ended before."""
    statement = update(HandOver).where(HandOver.id == hand_over_id, HandOver.ended_at.is_(None)).values(ended_at=now)
    return changed_rows(session, statement.execution_options(synchronize_session=False)) == 1


def waiting(session: Session, hand_over_id: uuid.UUID) -> list[WaitingPc]:
    """Oldest first."""
    query = select(WaitingPc).where(WaitingPc.hand_over_id == hand_over_id)
    return list(session.scalars(query.order_by(WaitingPc.created_at, WaitingPc.id)))


def of_browser(session: Session, browser_hash: bytes) -> WaitingPc | None:
    return session.scalars(select(WaitingPc).where(WaitingPc.browser_hash == browser_hash)).one_or_none()
