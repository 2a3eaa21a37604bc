"""Messages whose answer is lost: the worker died after it claimed the row, or the carrier's answer says nothing.

They become `unknown` and are not simply sent again. What settles them later is in `receipts` and `repeating`; claiming
and handing over are in `sending`.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy.orm import Session

from app.clock import Clock
from app.database import Database
from app.models import EventDetail, FailureCode, Notification
from app.models import NotificationState as State
from app.repos.notifications import outbox as repo
from app.services.channels.channel import Unknown
from app.services.notifications.receipts import FIRST_QUESTION, Receipts
from app.services.notifications.states import LONGEST_CODE, NotificationStates
from app.services.queue.row_by_row import row_by_row

log = structlog.get_logger(__name__)

WORKER_LOST = Unknown(FailureCode.WORKER_LOST)
BATCH = 40


@dataclass(frozen=True, kw_only=True)
class LostAnswers:
    """Decides which messages become unknown. It raises nothing of its own."""

    db: Database
    clock: Clock
    states: NotificationStates
    receipts: Receipts

    def give_up_silent(self) -> int:
        """Make rows unknown whose sender died between claim and answer. Returns how many were looked at."""
        now = self.clock.now()
        with self.db.read() as session:
            ids = repo.due(session, (State.SENDING,), now, BATCH)
        row_by_row(
            ids, lambda row_id: self._give_up(row_id, now), lambda row_id, error: self._unseen(row_id, error, now)
        )
        return len(ids)

    def settle(
        self, session: Session, row: Notification, outcome: Unknown, detail: str, due_at: datetime | None = None
    ) -> None:
        """Make a row in `sending` unknown; its receipt may have come earlier. `detail`: an EventDetail or a carrier's
        code. `due_at`: only when the row's lease ended by this time."""
        if self._move(session, row, outcome, detail, due_at):
            self.receipts.settle_unknown(session, row)

    def _give_up(self, notification_id: uuid.UUID, now: datetime) -> None:
        with self.db.session() as session:
            row = repo.get(session, notification_id)
            if row is not None:
                self.settle(session, row, WORKER_LOST, EventDetail.ANSWER_LOST, now)

    def _unseen(self, notification_id: uuid.UUID, error: Exception, now: datetime) -> None:
        """When looking for its receipt fails, the row still becomes unknown."""
        log.error("a silent message cannot be settled", notification=notification_id, exc_info=error)
        with self.db.session() as session:
            row = repo.get(session, notification_id)
            if row is not None:
                self._move(session, row, WORKER_LOST, EventDetail.ANSWER_LOST, now)

    def _move(
        self, session: Session, row: Notification, outcome: Unknown, detail: str, due_at: datetime | None
    ) -> bool:
        return self.states.move(
            session,
            row,
            State.UNKNOWN,
            detail,
            due_at=due_at,
            failure_code=outcome.code[:LONGEST_CODE],
            provider_serial=outcome.serial,
            next_attempt_at=self.clock.now() + FIRST_QUESTION,
        )
