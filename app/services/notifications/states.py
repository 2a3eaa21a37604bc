"""The only way to change the state of a notification. `outbox`, `sending`, `receipts` and the desk use it.

A finished state is final: a late, repeated or contradicting receipt changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.clock import Clock
from app.models import EventDetail, Notification, NotificationEvent
from app.models import NotificationState as State
from app.repos.notifications import gathering, tellings
from app.repos.notifications import outbox as repo
from app.services.audit.log import Action, Audit
from app.services.audit.subjects import exam_subject
from app.services.notifications.telling_plan import SILENT

LONGEST_CODE = 64
"""Characters of a failure code that a row keeps."""
FINISHED = frozenset({State.DELIVERED, State.FAILED, State.CANCELLED})
_FROM: Mapping[State, Collection[State]] = {
    State.PENDING: (State.SENDING,),
    State.SENDING: (State.PENDING, State.UNKNOWN),
    State.ACCEPTED: (State.SENDING, State.UNKNOWN, State.DESK),
    State.UNKNOWN: (State.SENDING,),
    State.DESK: (State.UNKNOWN, State.PENDING, State.SENDING),
    State.DELIVERED: (State.ACCEPTED, State.UNKNOWN, State.DESK),
    State.FAILED: (State.PENDING, State.SENDING, State.ACCEPTED, State.UNKNOWN, State.DESK),
    State.CANCELLED: (State.PENDING,),
}
_NEXT_WAY = (State.FAILED, State.CANCELLED, State.DESK)
"""After these the patient may have to be told by another way."""
_ROUTINE = (State.PENDING, State.SENDING)
"""Changes to these states are notification events only; the audit log does not record them."""


@dataclass(frozen=True, kw_only=True)
class NotificationStates:
    """Decides which state may follow which. A forbidden move returns False and raises nothing."""

    clock: Clock
    audit: Audit

    def queue_again(self, session: Session, row: Notification) -> bool:
        """Put a message back into the outbox that the carrier surely did not take. This is the only way out of a
        finished state. The caller read the row in this transaction; False when its state changed since."""
        values: dict[str, Any] = {
            "carried_by_id": None,
            "state": State.PENDING,
            "next_attempt_at": self.clock.now(),
            "sent_at": None,
            "finished_at": None,
            "failure_code": None,
            "provider_serial": None,
            "attempts": 0,
        }
        if not repo.change(session, row.id, (row.state,), None, values):
            return False
        gathering.part(session, row.id)
        self.tell(session, row, State.PENDING, EventDetail.QUEUED_AGAIN)
        tellings.look_soon(session, row, self.clock.now())
        return True

    def move(
        self,
        session: Session,
        row: Notification,
        to: State,
        detail: str = "",
        *,
        due_at: datetime | None = None,
        only_from: State | None = None,
        **values: Any,
    ) -> bool:
        """Move a row, and those that it carries, to a state and add the events. False, and nothing is done, when this
        step is not allowed (any more).

        `detail`: an EventDetail, a CancelReason or a carrier's code. `due_at`: move only if the row's next attempt is
        due at this time. `only_from`: move only from this state. `values`: other columns to set.
        """
        values |= {"state": to} | ({"finished_at": self.clock.now()} if to in FINISHED else {})
        sources = _FROM[to] if only_from is None else (only_from,)
        if not self._moved(session, row, to, detail, sources, due_at, values):
            return False
        of_the_others = values | {"segments": 0} | ({"carried_by_id": None} if to == State.PENDING else {})
        for other in gathering.carried(session, row.id):
            self._moved(session, other, to, detail, _FROM[to], None, of_the_others)
        return True

    def _moved(
        self,
        session: Session,
        row: Notification,
        to: State,
        detail: str,
        sources: Collection[State],
        due_at: datetime | None,
        values: dict[str, Any],
    ) -> bool:
        was_at_desk = row.state == State.DESK
        if not repo.change(session, row.id, sources, due_at, values):
            return False
        self.tell(session, row, to, detail)
        if to in _NEXT_WAY or was_at_desk or (to == State.ACCEPTED and row.channel in SILENT):
            tellings.look_soon(session, row, self.clock.now())
        if to not in _ROUTINE:
            self.audit.record(
                session,
                Action.NOTIFICATION_STATE,
                actor="system",
                subject=exam_subject(row.exam_id),
                notification=row.id.hex,
                state=to,
                detail=detail,
            )
        return True

    def tell(self, session: Session, row: Notification, state: State, detail: str) -> None:
        """Add the event for the state that the row has now."""
        repo.add(
            session, NotificationEvent(notification_id=row.id, state=state, detail=detail[:255], at=self.clock.now())
        )
