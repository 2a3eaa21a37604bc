"""The states of a notification and the only way to change them. Who changes them: `outbox`, `notify`, `receipts`.

A finished state is final: a receipt that comes late, twice or contradicting changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from app.clock import Clock
from app.models import Notification, NotificationEvent
from app.repos.notifications import outbox as repo
from app.services.audit.log import Action, Audit
from app.services.audit.subjects import exam_subject


class State(StrEnum):
    PENDING = "pending"
    SENDING = "sending"
    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    DESK = "desk"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELLED = "cancelled"


FINISHED = frozenset({State.DELIVERED, State.FAILED, State.CANCELLED})
_FROM: Mapping[State, Collection[State]] = {
    State.PENDING: (State.SENDING,),
    State.SENDING: (State.PENDING,),
    State.ACCEPTED: (State.SENDING, State.UNKNOWN, State.DESK),
    State.UNKNOWN: (State.SENDING,),
    State.DESK: (State.UNKNOWN, State.PENDING, State.SENDING),
    State.DELIVERED: (State.ACCEPTED, State.UNKNOWN, State.DESK),
    State.FAILED: (State.PENDING, State.SENDING, State.ACCEPTED, State.UNKNOWN, State.DESK),
    State.CANCELLED: (State.PENDING,),
}
_ROUTINE = (State.PENDING, State.SENDING)
"""Kept among the notification's events, but not worth a line of the audit log."""


@dataclass(frozen=True, kw_only=True)
class NotificationStates:
    clock: Clock
    audit: Audit

    def queue_again(self, session: Session, row: Notification) -> bool:
        """Put a message that surely was not taken back into the outbox, as the caller read it in this transaction: the
        one way out of a finished state. False when it is in another state meanwhile."""
        now = self.clock.now()
        values: dict[str, Any] = {
            "state": str(State.PENDING),
            "next_attempt_at": now,
            "sent_at": None,
            "finished_at": None,
            "failure_code": None,
            "provider_serial": None,
            "attempts": 0,
        }
        if not repo.change(session, row.id, (row.state,), None, values):
            return False
        event = NotificationEvent(
            notification_id=row.id, state=str(State.PENDING), detail=f"{repo.QUEUED} again", at=now
        )
        repo.add(session, event)
        return True

    def move(
        self,
        session: Session,
        row: Notification,
        to: State,
        detail: str = "",
        *,
        due_at: datetime | None = None,
        **values: Any,
    ) -> bool:
        """Bring a row to a state, with its event; False, and nothing done, where that step is not allowed (any more).

        `due_at`: only if the row's next attempt is due then; `values`: other columns to set.
        """
        now = self.clock.now()
        values |= {"state": str(to)} | ({"finished_at": now} if to in FINISHED else {})
        if not repo.change(session, row.id, _FROM[to], due_at, values):
            return False
        repo.add(session, NotificationEvent(notification_id=row.id, state=str(to), detail=detail[:255], at=now))
        if to not in _ROUTINE:
            self.audit.record(
                session,
                Action.NOTIFICATION_STATE,
                actor="system",
                subject=exam_subject(row.exam_id),
                notification=row.id.hex,
                state=str(to),
                detail=detail,
            )
        return True
