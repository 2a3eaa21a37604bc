"""Rows of messages with news that could go in one message, and when a patient was told. Which do is decided in
app/services/notifications/gathering.py."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from app.models import Exam, Notification, NotificationState, Patient


def lock_patient(session: Session, patient_id: uuid.UUID) -> None:
    """Nobody else sends news of this patient until the transaction ends."""
    session.execute(select(Patient.id).where(Patient.id == patient_id).with_for_update())


def sent_at(
    session: Session, patient_id: uuid.UUID, channel: str, kinds: Collection[str], since: datetime
) -> Sequence[datetime]:
    """When messages of these kinds were handed over; one that carries others counts once, a failed one never."""
    query = select(Notification.sent_at).join(Exam, Exam.id == Notification.exam_id)
    query = query.where(Exam.patient_id == patient_id, Notification.channel == channel, Notification.kind.in_(kinds))
    query = query.where(Notification.sent_at > since, Notification.carried_by_id.is_(None))
    query = query.where(Notification.state != NotificationState.FAILED)
    return [at for at in session.scalars(query) if at is not None]


def last_sent_to(session: Session, row: Notification, since: datetime) -> Sequence[datetime]:
    """When the last message on this channel to the masked address of this row was handed over, after an instant; none
    or one. A failed one never counts."""
    query = select(Notification.sent_at).where(
        Notification.channel == row.channel,
        Notification.sent_at > since,
        Notification.recipient_masked == row.recipient_masked,
        Notification.state != NotificationState.FAILED,
    )
    newest = query.order_by(Notification.sent_at.desc()).limit(1)
    return [at for at in session.scalars(newest) if at is not None]


def count_sent(session: Session, channel: str, since: datetime) -> int:
    """How many messages of a channel were handed over after an instant."""
    query = select(func.count()).where(Notification.channel == channel, Notification.sent_at > since)
    return session.scalar(query) or 0


def same_news(
    session: Session, row: Notification, patient_id: uuid.UUID, kinds: Collection[str], limit: int
) -> list[Notification]:
    """Other messages that wait with the same text, of exams of this patient that may be told; oldest first."""
    query = select(Notification).join(Exam, Exam.id == Notification.exam_id)
    query = query.where(
        Exam.patient_id == patient_id,
        Exam.held_at.is_(None),
        or_(Exam.images_released_at.is_not(None), Exam.report_released_at.is_not(None)),
        Notification.id != row.id,
        Notification.channel == row.channel,
        Notification.template == row.template,
        Notification.kind.in_(kinds),
        Notification.state == NotificationState.PENDING,
    )
    return list(session.scalars(query.order_by(Notification.created_at, Notification.id).limit(limit)))


def carried(session: Session, row_id: uuid.UUID) -> list[Notification]:
    """The messages that are told by this one."""
    return list(session.scalars(select(Notification).where(Notification.carried_by_id == row_id)))


def part(session: Session, row_id: uuid.UUID) -> None:
    """This message carries no others any more: each stands for itself."""
    session.execute(update(Notification).where(Notification.carried_by_id == row_id).values(carried_by_id=None))
