"""Messages that failed, and news that no message could tell. The desk sees a failed message when no other message told
its patient. In an alarm the carrier refuses every message (the package is used up, a template is not approved); later
one step queues all of them again.

The same row is queued again, so there is never a second message for the same exam and occasion.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.orm import Session

from app.clock import Clock
from app.database import Database
from app.repos.desk import failed_messages as repo
from app.repos.notifications import outbox as notification_repo
from app.repos.notifications import tellings
from app.services.audit.log import Action, Audit
from app.services.audit.reasons import checked_reason
from app.services.audit.subjects import exam_subject
from app.services.channels.channel import Channels
from app.services.desk.messages import SHOWN, NotificationView, key_of, page_of_views
from app.services.notifications.states import NotificationStates
from app.services.paging import TOP, Asked, Page, paged

SHOWN_FOR = timedelta(days=30)
CHUNK = 100
"""Messages queued again in one commit: few, so that other writers do not wait long."""


@dataclass(frozen=True)
class UnreachedExam:
    """An exam whose patient has neither a phone number nor a WeChat account; its news waits since `since`."""

    exam_id: uuid.UUID
    accession_number: str
    modality: str
    body_part: str
    since: datetime


@dataclass(frozen=True, kw_only=True)
class FailedMessages:
    """Decides which failed messages are shown and queued again. `wake` wakes a worker. Raises InvalidInput."""

    db: Database
    clock: Clock
    audit: Audit
    states: NotificationStates
    channels: Channels
    wake: Callable[[], None]

    def newest(self, asked: Asked = TOP) -> Page[NotificationView]:
        """Failed messages of the last 30 days, newest first, if no other message told the patient. Raises InvalidInput
        (no key of a page)."""
        with self.db.read() as session:
            read = partial(repo.newest, session, self.clock.now() - SHOWN_FOR)
            return page_of_views(session, paged(asked, SHOWN, read, key_of))

    def unreached(self, limit: int = 100) -> list[UnreachedExam]:
        """Exams of the last 30 days whose news no channel could carry and that nobody opened, newest first."""
        with self.db.read() as session:
            found = tellings.at_desk_without_message(session, self.clock.now() - SHOWN_FOR, limit)
            return [
                UnreachedExam(exam.id, exam.accession_number, exam.modality, exam.body_part, telling.begun_at)
                for telling, exam in found
            ]

    def count_sendable_again(self) -> int:
        """How many messages `queue_again` would queue."""
        with self.db.read() as session:
            return len(self._sendable_again(session))

    def queue_again(self, reason: str, actor: str) -> int:
        """Queue again all messages that failed for an alarm or could not be sent for days. Returns how many.

        When the process dies in the middle, the rest stays as it was. Raises InvalidInput (no reason).
        """
        reason = checked_reason(reason)
        with self.db.read() as session:
            found = self._sendable_again(session)
        queued = 0
        for start in range(0, len(found), CHUNK):
            queued += self._queue_chunk(set(found[start : start + CHUNK]), reason, actor)
            self.wake()
        return queued

    def _queue_chunk(self, chunk: set[uuid.UUID], reason: str, actor: str) -> int:
        queued = 0
        with self.db.session() as session:
            for notification_id in self._sendable_again(session, chunk):  # another process may have been first
                row = notification_repo.get(session, notification_id)
                if row is None or not self.states.queue_again(session, row):
                    continue
                self.audit.record(
                    session,
                    Action.STAFF_QUEUED_AGAIN,
                    actor=actor,
                    subject=exam_subject(row.exam_id),
                    notification=row.id.hex,
                    note=reason,
                )
                queued += 1
        return queued

    def _sendable_again(self, session: Session, among: set[uuid.UUID] | None = None) -> list[uuid.UUID]:
        now = self.clock.now()
        since = now - SHOWN_FOR
        alarming: dict[str, list[str]] = {}
        for channel, code in repo.codes(session, since):
            if self.channels[channel].is_alarm(code):
                alarming.setdefault(channel, []).append(code)
        return repo.sendable_again(session, since, now, alarming, among)
