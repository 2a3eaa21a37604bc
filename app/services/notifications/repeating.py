"""Hands over once more what a carrier may have taken, where the carrier takes the same message only once.

So an outcome that nobody knows is learnt, for some minutes. Everything else of sending is in `sending`.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import structlog

from app.clock import Clock
from app.database import Database
from app.errors import UnsealError
from app.models import EventDetail, Notification
from app.models import NotificationState as State
from app.repos.exams import exams as exam_repo
from app.repos.notifications import outbox as repo
from app.security.fields import FieldSealer
from app.services.channels.channel import Accepted, CannotBeMade, Channels, HandOver, Unknown
from app.services.notifications.sending import BATCH, SENDING_LEASE, Sending
from app.services.notifications.states import NotificationStates
from app.services.queue.row_by_row import row_by_row

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Repeating:
    """Decides which messages of unknown outcome are handed over again. It raises nothing of its own."""

    db: Database
    clock: Clock
    fields: FieldSealer
    states: NotificationStates
    channels: Channels
    sending: Sending

    def repeat_due(self) -> int:
        """Hand over again what is due, until the carrier does not answer; returns how many were handed over."""
        now = self.clock.now()
        since = {name: now - each.takes_once_for for name, each in self.channels.items() if each.takes_once_for}
        with self.db.read() as session:
            ids = repo.repeatable(session, since, now, BATCH)
        silent: set[str] = set()
        return row_by_row(ids, lambda row_id: self._repeat(row_id, silent), self._failed)

    def _repeat(self, notification_id: uuid.UUID, silent: set[str]) -> bool:
        claimed = self._claim(notification_id, silent)
        if claimed is None:
            return False
        row, hand_over = claimed
        try:
            outcome = hand_over()
        except Exception as error:  # a fault of ours: the first call may have been taken all the same
            log.error("sending again ended in a fault", notification=row.id, exc_info=error)
            outcome = Unknown(type(error).__name__)
        # a refusal of this call says nothing about the first one
        if isinstance(outcome, Accepted):
            self.sending.record(row, outcome)
        else:
            self.sending.record(row, Unknown(outcome.code))
            silent.add(row.channel)
        return True

    def _claim(self, notification_id: uuid.UUID, silent: set[str]) -> tuple[Notification, HandOver] | None:
        now = self.clock.now()
        with self.db.session() as session:
            row = repo.get(session, notification_id)
            if row is None or row.channel in silent or not self.channels[row.channel].repeats(row):
                return None
            exam = exam_repo.exam(session, row.exam_id)
            if exam is None or exam.held_at is not None or exam.told_from is None:
                return None
            try:
                address = self.fields.open_of(row, "recipient_sealed")
                hand_over = self.channels[row.channel].parcel(session, row, address)
            except (CannotBeMade, UnsealError):
                return None  # its code was revoked, for example: the receipt or the desk settles it
            moved = self.states.move(
                session,
                row,
                State.SENDING,
                EventDetail.HANDED_OVER_AGAIN,
                due_at=now,
                only_from=State.UNKNOWN,
                attempts=row.attempts + 1,
                next_attempt_at=now + SENDING_LEASE,
            )
            return (row, hand_over) if moved else None

    def _failed(self, notification_id: uuid.UUID, error: Exception) -> None:
        log.error("a message cannot be handed over again", notification=notification_id, exc_info=error)
