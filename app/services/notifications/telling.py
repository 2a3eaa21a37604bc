"""Tells news of an exam: by one channel after the other, until the patient knows or a human has to tell.

The order of the steps is `telling_plan`; each step is a row's state, made in one commit with its message. Texts and
recipients are in the room `channels`.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy.orm import Session

from app.clock import Clock
from app.database import Database
from app.models import ChannelName, Exam, Notification, NotificationKind, Telling, TellingState
from app.models import NotificationState as State
from app.repos.exams import exams as exam_repo
from app.repos.exams import patients
from app.repos.notifications import tellings as repo
from app.services.audit.log import Action, Audit
from app.services.audit.subjects import exam_subject
from app.services.channels.channel import Recipient, Wording
from app.services.notifications.gathering import NEWS
from app.services.notifications.outbox import Outbox
from app.services.notifications.telling_plan import Desk, Done, Tell, TellingPlan, Told, Wait
from app.services.queue.row_by_row import row_by_row

log = structlog.get_logger(__name__)

BATCH = 50
PAUSE_AFTER_FAULT = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class NewsTelling:
    """Decides by which way a patient is told, and when another way follows. It raises nothing of its own."""

    db: Database
    clock: Clock
    audit: Audit
    outbox: Outbox
    plan: TellingPlan

    def queue_news(
        self, session: Session, exam: Exam, kind: NotificationKind, wording: Wording, *, phone_only: bool = False
    ) -> int:
        """Queue the first message of something new, inside the caller's transaction; how many were queued.

        What staff send again goes by every way at once: somebody waits for it. With `phone_only` only ways that use the
        phone number are taken. Both tell what was on its way before, so no other way follows that.
        """
        if phone_only or kind not in NEWS:
            repo.end_all(session, exam.id)
        occasion = repo.next_occasion(session, exam.id, kind)
        recipients = self._recipients(session, exam)
        if kind not in NEWS:
            for name, recipient in recipients.items():
                channel = self.outbox.channels[name]
                self.outbox.queue_on(session, exam, channel, recipient, kind, wording, occasion)
            return len(recipients)
        row = Telling(
            id=uuid.uuid4(),
            exam_id=exam.id,
            kind=kind,
            occasion=occasion,
            wording=wording,
            state=TellingState.DESK,
            look_at=None,
            begun_at=self.clock.now(),
        )
        repo.add(session, row)
        plan = self.plan.beginning_with(ChannelName.SMS) if phone_only else self.plan
        return int(self._step(session, row, exam, plan, [], recipients))

    def go_on_due(self, now: datetime | None = None, begun_since: datetime | None = None) -> int:
        """Make every next step that is due; how many were looked at. `now`: looks from there, for the demo's first
        notices, which count as unopened at once. `begun_since`: leaves out older news."""
        now = now or self.clock.now()
        with self.db.read() as session:
            ids = repo.due(session, now, BATCH, begun_since)
        row_by_row(ids, lambda telling_id: self._go_on(telling_id, now), self._postpone)
        return len(ids)

    def _go_on(self, telling_id: uuid.UUID, now: datetime) -> None:
        with self.db.session() as session:
            row = repo.claim(session, telling_id, now)
            exam = exam_repo.exam(session, row.exam_id) if row else None
            if row is None or exam is None or row.state == TellingState.ENDED:
                return
            if exam.told_from is None:
                row.state = TellingState.ENDED
                return
            messages = repo.messages(session, row)
            ways = [way.channel for way in self.plan.ways]
            used = [ways.index(ChannelName(message.channel)) for message in messages]
            plan = self.plan.beginning_with(ways[min(used)]) if used else self.plan
            self._step(session, row, exam, plan, messages, self._recipients(session, exam), now)

    def _step(
        self,
        session: Session,
        row: Telling,
        exam: Exam,
        plan: TellingPlan,
        messages: list[Notification],
        recipients: dict[ChannelName, Recipient],
        now: datetime | None = None,
    ) -> bool:
        """Make the next step; True when a message was queued."""
        told = [Told(ChannelName(each.channel), State(each.state), each.sent_at) for each in messages]
        opened = any(each.opened_at is not None for each in messages)
        reachable = frozenset(recipients)
        match plan.next_step(told, reachable, opened, now or self.clock.now()):
            case Tell(name):
                kind, wording, channel = NotificationKind(row.kind), Wording(row.wording), self.outbox.channels[name]
                self.outbox.queue_on(session, exam, channel, recipients[name], kind, wording, row.occasion)
                row.state, row.look_at = TellingState(name), None
                return True
            case Wait(until):
                row.state, row.look_at = _at(messages), until
            case Done():
                row.state, row.look_at = _at(messages), None
            case Desk():
                row.state, row.look_at = TellingState.DESK, None
                self.audit.record(session, Action.NEWS_AT_DESK, actor="system", subject=exam_subject(exam.id))
        return False

    def _recipients(self, session: Session, exam: Exam) -> dict[ChannelName, Recipient]:
        """Who is reached now, and by which channels."""
        patient = patients.patient(session, exam.patient_id)
        found = {ChannelName(name): each.recipient(session, patient) for name, each in self.outbox.channels.items()}
        return {name: recipient for name, recipient in found.items() if recipient is not None}

    def _postpone(self, telling_id: uuid.UUID, error: Exception) -> None:
        log.error("news cannot be told by the next way", telling=telling_id, exc_info=error)
        with self.db.session() as session:
            row = repo.claim(session, telling_id, self.clock.now())
            if row is not None:
                row.look_at = self.clock.now() + PAUSE_AFTER_FAULT


def _at(messages: list[Notification]) -> TellingState:
    """The way that was taken last."""
    return TellingState(messages[-1].channel)
