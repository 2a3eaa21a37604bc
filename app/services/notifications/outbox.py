"""What is to be told to whom: rows of the outbox, added in the transaction that makes the message necessary.

Sending them is `sending`, what became of them `receipts`, their wording `wording`.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from app.clock import Clock
from app.database import Database
from app.errors import Conflict, NobodyToTell, NotFound, NotReleased, TooManyAttempts
from app.models import AccessCode, Exam, Notification, NotificationEvent, OneTimeCode
from app.repos.exams import exams as exam_repo
from app.repos.exams import patients, reports
from app.repos.notifications import outbox as repo
from app.repos.wechat import accounts
from app.security.fields import FieldSealer
from app.services.audit.log import Action, Audit
from app.services.audit.reasons import checked_reason
from app.services.audit.subjects import exam_subject
from app.services.notifications.states import NotificationStates, State
from app.services.notifications.wording import ONE_TIME
from app.services.patient_access.codes import AccessCodes
from sms.phone import mask
from sms.templates import for_event

RECIPIENT_CONTEXT = "notification.recipient"
OPENID_CONTEXT = "wechat_account.openid"
CHANNELS = ("sms", "wechat")
RESEND = "resend:"
RESENDS_AN_HOUR = 3


@dataclass(frozen=True, kw_only=True)
class Outbox:
    """`family`: T0 or T1; `wechat`: notices go out too; `wake`: tells a worker that something waits."""

    db: Database
    clock: Clock
    fields: FieldSealer
    audit: Audit
    states: NotificationStates
    access_codes: AccessCodes
    family: str
    wechat: bool
    wake: Callable[[], None]

    def queue_event(
        self, session: Session, exam: Exam, event: str, wording: str, channels: Sequence[str] = CHANNELS
    ) -> int:
        """Queue one message a channel of the exam's patient; returns how many.

        `event` names the occasion (one row each), `wording` the text: images_ready, ready or report_ready.
        """
        patient = patients.patient(session, exam.patient_id)
        queued = 0
        if "sms" in channels and patient.phone_sealed is not None:
            phone = self.fields.open(patient.phone_sealed, "patient.phone")
            template = for_event(wording, self.family)
            code = self.access_codes.issue_pickup(session, exam, phone)[0] if template.variable_count else None
            self._queue(session, exam, event, "sms", template.name, phone, mask(phone), code)
            queued += 1
        account = accounts.wechat_account(session, patient.id) if self.wechat and "wechat" in channels else None
        if account is not None:
            openid = self.fields.open(account.openid_sealed, OPENID_CONTEXT)
            code, _ = self.access_codes.issue_link(session, exam)
            self._queue(session, exam, event, "wechat", wording, openid, f"{openid[:4]}****{openid[-4:]}", code)
            queued += 1
        return queued

    def queue_one_time_code(self, session: Session, exam: Exam, phone: str, code: OneTimeCode) -> None:
        """Queue the text message with a one-time code; the code itself is derived when it is sent."""
        template = for_event("one_time_code", self.family)
        self._queue(session, exam, f"{ONE_TIME}{code.id.hex}", "sms", template.name, phone, mask(phone), None)

    def cancel(self, session: Session, exam_id: uuid.UUID, reason: str) -> None:
        """Nothing that still waits for this exam is sent."""
        for row in repo.of_exam(session, exam_id):
            self.states.move(session, row, State.CANCELLED, reason)

    def resend(self, exam_id: uuid.UUID, reason: str, actor: str) -> None:
        """Send the newest news of a released exam once more, with a new code.

        Raises NotFound, InvalidInput (no reason), NotReleased, NobodyToTell, TooManyAttempts.
        """
        reason = checked_reason(reason)
        with self.db.session() as session:
            exam = exam_repo.exam(session, exam_id)
            if exam is None:
                raise NotFound
            if exam.held_at is not None or exam.images_released_at is None:
                raise NotReleased
            event = f"{RESEND}{self._next_resend(session, exam_id)}"
            if not self.queue_event(session, exam, event, self.news(session, exam)):
                raise NobodyToTell
            self.audit.record(session, Action.STAFF_RESENT, actor=actor, subject=exam_subject(exam.id), note=reason)
        self.wake()

    def settle(self, notification_id: uuid.UUID, arrived: bool, actor: str) -> None:
        """The desk found out what became of a message. Raises NotFound, Conflict (settled before)."""
        with self.db.session() as session:
            row = repo.get(session, notification_id)
            if row is None:
                raise NotFound
            outcome = State.DELIVERED if arrived else State.FAILED
            if row.state != State.DESK or not self.states.move(session, row, outcome, "settled at the desk"):
                raise Conflict("the message is settled already")
            self.audit.record(
                session,
                Action.STAFF_SETTLED_MESSAGE,
                actor=actor,
                subject=exam_subject(row.exam_id),
                notification=row.id.hex,
                arrived=arrived,
            )

    def news(self, session: Session, exam: Exam) -> str:
        """The wording for what a patient may see now."""
        return "ready" if reports.latest_released_report(session, exam.id) else "images_ready"

    def _next_resend(self, session: Session, exam_id: uuid.UUID) -> int:
        resent = [row for row in repo.of_exam(session, exam_id) if row.event.startswith(RESEND)]
        hour_ago = self.clock.now() - timedelta(hours=1)
        if len({row.event for row in resent if row.created_at > hour_ago}) >= RESENDS_AN_HOUR:
            raise TooManyAttempts(3600)
        return len({row.event for row in resent}) + 1

    def _queue(
        self,
        session: Session,
        exam: Exam,
        event: str,
        channel: str,
        template: str,
        recipient: str,
        masked: str,
        code: AccessCode | None,
    ) -> None:
        now = self.clock.now()
        row = Notification(
            exam_id=exam.id,
            event=event,
            channel=channel,
            template=template,
            recipient_sealed=self.fields.seal(recipient, RECIPIENT_CONTEXT),
            recipient_masked=masked,
            access_code_id=code.id if code else None,
            state=str(State.PENDING),
            next_attempt_at=now,
            created_at=now,
        )
        repo.add(session, row)
        repo.add(session, NotificationEvent(notification_id=row.id, state=row.state, detail=repo.QUEUED, at=now))
        self.audit.record(
            session,
            Action.NOTIFICATION_QUEUED,
            actor="system",
            subject=exam_subject(exam.id),
            notification=row.id.hex,
            event=event,
            channel=channel,
        )
