"""Rows of wishes to be told in WeChat without following us. What one is good for is in app/services/wechat."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.models import Exam, NoticeSubscription


def add(session: Session, row: NoticeSubscription) -> None:
    session.add(row)
    session.flush()


def live(session: Session, exam_id: uuid.UUID, openid_hash: bytes) -> NoticeSubscription | None:
    query = select(NoticeSubscription).where(
        NoticeSubscription.exam_id == exam_id,
        NoticeSubscription.openid_hash == openid_hash,
        NoticeSubscription.ended_at.is_(None),
    )
    return session.scalars(query.limit(1)).first()


def newest_of_patient(session: Session, patient_id: uuid.UUID, since: datetime) -> NoticeSubscription | None:
    """The newest live wish of whoever opened an exam of this patient, made after an instant."""
    query = (
        select(NoticeSubscription)
        .join(Exam, Exam.id == NoticeSubscription.exam_id)
        .where(
            Exam.patient_id == patient_id,
            NoticeSubscription.ended_at.is_(None),
            NoticeSubscription.created_at > since,
        )
    )
    return session.scalars(query.order_by(NoticeSubscription.created_at.desc()).limit(1)).first()


def end_of(session: Session, openid_hash: bytes, now: datetime) -> None:
    """This WeChat user wants no notices any more."""
    statement = update(NoticeSubscription).where(
        NoticeSubscription.openid_hash == openid_hash, NoticeSubscription.ended_at.is_(None)
    )
    session.execute(statement.values(ended_at=now).execution_options(synchronize_session=False))
