"""Messages as the desk sees them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.database import Database
from app.models import Notification
from app.repos.notifications import outbox as repo
from app.services.notifications.states import State


@dataclass(frozen=True)
class NotificationEventView:
    state: str
    detail: str
    at: datetime


@dataclass(frozen=True)
class NotificationView:
    """A message as the desk sees it; `recipient` is masked."""

    id: uuid.UUID
    exam_id: uuid.UUID
    event: str
    channel: str
    state: str
    recipient: str
    failure_code: str | None
    segments: int
    created_at: datetime
    never_sent: bool
    """It waits, or waited in vain: no carrier may have taken it."""
    history: tuple[NotificationEventView, ...]


@dataclass(frozen=True, kw_only=True)
class MessageViews:
    """What the desk reads of messages. Nothing is changed here."""

    db: Database

    def history(self, exam_id: uuid.UUID) -> list[NotificationView]:
        """Every message of an exam with its states, oldest first."""
        with self.db.read() as session:
            return views_of(session, repo.of_exam(session, exam_id))

    def at_the_desk(self, limit: int = 100) -> list[NotificationView]:
        """Messages that a person has to decide on: nobody knows whether they arrived, or they could not be sent for
        days. Newest first."""
        with self.db.read() as session:
            return views_of(session, repo.in_state(session, State.DESK, limit))


def views_of(session: Session, rows: list[Notification]) -> list[NotificationView]:
    events = repo.events(session, [row.id for row in rows])
    return [
        NotificationView(
            id=row.id,
            exam_id=row.exam_id,
            event=row.event,
            channel=row.channel,
            state=row.state,
            recipient=row.recipient_masked,
            failure_code=row.failure_code,
            segments=row.segments,
            created_at=row.created_at,
            never_sent=row.sent_at is None,
            history=tuple(
                NotificationEventView(event.state, event.detail, event.at)
                for event in events
                if event.notification_id == row.id
            ),
        )
        for row in rows
    ]
