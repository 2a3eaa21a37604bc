"""What somebody inside an exam gave to others or wished for: shares, guests, codes of helpers, digits, wishes to be
told. It ends together when strangers may have been inside, or when the patient withdraws consent.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Select, delete, update
from sqlalchemy.orm import Session

from app.models import GuestSession, HandOver, HelperCode, NoticeSubscription, Share, SharedPrior


def end_all_of(session: Session, exams: Select[uuid.UUID] | Collection[uuid.UUID], now: datetime) -> None:
    """`exams`: their ids, or a query of them."""
    # A share of another exam that gives one of these too would open it anew, whatever was revoked.
    along = delete(SharedPrior).where(SharedPrior.exam_id.in_(exams))
    session.execute(along.execution_options(synchronize_session=False))
    for statement in (
        update(Share).where(Share.exam_id.in_(exams), Share.revoked_at.is_(None)).values(revoked_at=now),
        update(GuestSession)
        .where(GuestSession.exam_id.in_(exams), GuestSession.revoked_at.is_(None))
        .values(revoked_at=now),
        update(HelperCode).where(HelperCode.exam_id.in_(exams), HelperCode.revoked_at.is_(None)).values(revoked_at=now),
        update(HandOver).where(HandOver.exam_id.in_(exams), HandOver.ended_at.is_(None)).values(ended_at=now),
        update(NoticeSubscription)
        .where(NoticeSubscription.exam_id.in_(exams), NoticeSubscription.ended_at.is_(None))
        .values(ended_at=now),
    ):
        session.execute(statement.execution_options(synchronize_session=False))
