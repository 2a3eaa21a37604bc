"""Messages at the desk: the history of each, sending news again, settling messages whose outcome is unknown.

Failed messages are in `failed_messages`.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.orm import Session

from app.clock import Clock
from app.database import Database
from app.errors import Conflict, NobodyToTell, NotFound, NotReleased, TooManyAttempts
from app.models import EventDetail, Notification, NotificationKind, NotificationState
from app.repos.exams import exams as exam_repo
from app.repos.notifications import outbox as repo
from app.services.audit.log import Action, Audit
from app.services.audit.reasons import checked_reason
from app.services.audit.subjects import exam_subject
from app.services.notifications.outbox import Outbox
from app.services.notifications.telling import NewsTelling
from app.services.paging import TOP, Asked, Key, Page, paged

RESENDS_AN_HOUR = 3
SHOWN = 50
"""Rows of a page."""


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
    kind: str
    channel: str
    state: str
    recipient: str
    failure_code: str | None
    segments: int
    created_at: datetime
    never_sent: bool
    """It is certain that no carrier took it: it still waits, or it could not be sent."""
    history: tuple[NotificationEventView, ...]


@dataclass(frozen=True, kw_only=True)
class Messages:
    """Decides what the desk may do with messages. `wake` wakes a worker. Raises NotFound, InvalidInput, NotReleased,
    NobodyToTell, TooManyAttempts, Conflict."""

    db: Database
    clock: Clock
    audit: Audit
    outbox: Outbox
    telling: NewsTelling
    wake: Callable[[], None]

    def history(self, exam_id: uuid.UUID) -> list[NotificationView]:
        """Every message of an exam with its states, oldest first."""
        with self.db.read() as session:
            return views_of(session, repo.of_exam(session, exam_id))

    def to_be_settled(self, asked: Asked = TOP) -> Page[NotificationView]:
        """Messages that the desk has to settle, newest first: their outcome is unknown, or they could not be sent for
        days. Raises InvalidInput (no key of a page)."""
        with self.db.read() as session:
            read = partial(repo.to_be_settled, session)
            return page_of_views(session, paged(asked, SHOWN, read, key_of))

    def resend(self, exam_id: uuid.UUID, reason: str, actor: str) -> None:
        """Send the newest news of a released exam once more, with a new code.

        Raises NotFound, InvalidInput (no reason), NotReleased, NobodyToTell, TooManyAttempts.
        """
        reason = checked_reason(reason)
        with self.db.session() as session:
            exam = exam_repo.exam(session, exam_id)
            if exam is None:
                raise NotFound
            if exam.held_at is not None or exam.told_from is None:
                raise NotReleased
            hour_ago = self.clock.now() - timedelta(hours=1)
            if repo.count_occasions(session, exam_id, NotificationKind.RESEND, hour_ago) >= RESENDS_AN_HOUR:
                raise TooManyAttempts(3600)
            news = self.outbox.news(session, exam)
            if not self.telling.queue_news(session, exam, NotificationKind.RESEND, news):
                raise NobodyToTell
            self.audit.record(session, Action.STAFF_RESENT, actor=actor, subject=exam_subject(exam.id), note=reason)
        self.wake()

    def settle(self, notification_id: uuid.UUID, arrived: bool, actor: str) -> None:
        """Record what the desk found out: the message arrived or not. Raises NotFound, Conflict (settled before)."""
        with self.db.session() as session:
            row = repo.get(session, notification_id)
            if row is None:
                raise NotFound
            outcome = NotificationState.DELIVERED if arrived else NotificationState.FAILED
            if row.state != NotificationState.DESK or not self.outbox.states.move(
                session, row, outcome, EventDetail.SETTLED_AT_DESK
            ):
                raise Conflict("the message is settled already")
            self.audit.record(
                session,
                Action.STAFF_SETTLED_MESSAGE,
                actor=actor,
                subject=exam_subject(row.exam_id),
                notification=row.id.hex,
                arrived=arrived,
            )


def key_of(row: Notification) -> Key:
    return row.created_at, row.id


def page_of_views(session: Session, page: Page[Notification]) -> Page[NotificationView]:
    return Page(tuple(views_of(session, page.rows)), page.newer, page.older)


def views_of(session: Session, rows: Sequence[Notification]) -> list[NotificationView]:
    events = repo.events(session, [row.id for row in rows])
    return [
        NotificationView(
            id=row.id,
            exam_id=row.exam_id,
            kind=row.kind,
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
