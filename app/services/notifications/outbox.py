"""Queues messages: rows of the outbox, added inside the transaction that makes a message necessary.

Which channel tells news is decided in `telling`; sending is in `sending`, recipients and texts in the room `channels`.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from sqlalchemy.orm import Session

from app.clock import Clock
from app.models import (
    ABOUT_ACCESS,
    FOR_RELATIVES,
    CancelReason,
    ChannelName,
    EventDetail,
    Exam,
    Notification,
    NotificationKind,
)
from app.models import NotificationState as State
from app.repos.exams import patients, reports
from app.repos.notifications import outbox as repo
from app.repos.notifications import tellings
from app.security.fields import FieldSealer
from app.services.audit.log import Action, Audit
from app.services.audit.subjects import exam_subject
from app.services.channels.channel import Channel, Channels, Recipient, Wording
from app.services.notifications.gathering import NEWS
from app.services.notifications.states import NotificationStates
from app.services.notifications.telling_times import TellingTimes

Limits = Mapping[int, timedelta]
"""How many messages of a kind within which time."""
NO_LIMITS: Limits = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class Outbox:
    """Decides what a new message is like. Every method works inside the caller's transaction and raises nothing of its
    own."""

    clock: Clock
    fields: FieldSealer
    audit: Audit
    states: NotificationStates
    channels: Channels
    times: TellingTimes

    def queue_on(
        self,
        session: Session,
        exam: Exam,
        channel: Channel,
        recipient: Recipient,
        kind: NotificationKind,
        wording: Wording,
        occasion: int,
    ) -> None:
        """Queue the message of one occasion on one channel."""
        self._queue(session, exam, channel, recipient, kind, wording, occasion=occasion)

    def queue_about_access(
        self, session: Session, exam: Exam, kind: NotificationKind, wording: Wording, limits: Limits = NO_LIMITS
    ) -> int:
        """Tell the exam's patient, on each channel that reaches, that somebody may see or saw the exam; within the
        limits, so that nobody is flooded. Returns how many were queued.

        Call it after the event was recorded: the log's lock puts two at once in a row.
        """
        now = self.clock.now()
        for most, window in limits.items():
            if repo.count_occasions(session, exam.id, kind, now - window) >= most:
                return 0
        patient = patients.patient(session, exam.patient_id)
        occasion = tellings.next_occasion(session, exam.id, kind)
        queued = 0
        for channel in self.channels.values():
            recipient = channel.recipient(session, patient)
            if recipient is not None:
                self._queue(session, exam, channel, recipient, kind, wording, occasion=occasion)
                queued += 1
        return queued

    def queue_one_time_code(self, session: Session, exam: Exam, code_id: uuid.UUID) -> None:
        """Queue the text message with a one-time code to the phone on file; the code is derived when it is sent.

        `code_id`: of a OneTimeCode, a PhoneCode or a BindingCode.
        """
        self._queue_code(session, exam, code_id, Wording.ONE_TIME_CODE)

    def queue_family_code(self, session: Session, exam: Exam, code_id: uuid.UUID) -> None:
        """The same with digits that the patient may give to a relative. `code_id`: of a FamilyCode."""
        self._queue_code(session, exam, code_id, Wording.FAMILY_CODE)

    def _queue_code(self, session: Session, exam: Exam, code_id: uuid.UUID, wording: Wording) -> None:
        channel, kind = self.channels[ChannelName.SMS], NotificationKind.ONE_TIME_CODE
        recipient = channel.recipient(session, patients.patient(session, exam.patient_id))
        if recipient is not None:
            self._queue(session, exam, channel, recipient, kind, wording, one_time_code_id=code_id)

    def cancel(self, session: Session, exam_id: uuid.UUID, reason: CancelReason) -> None:
        """Cancel all messages of this exam that still wait, and tell its news no more."""
        tellings.end_all(session, exam_id)
        for row in repo.of_exam(session, exam_id):
            self.states.move(session, row, State.CANCELLED, reason)

    def news(self, session: Session, exam: Exam) -> Wording:
        """The wording that fits what the patient may see now."""
        if exam.images_released_at is None:
            return Wording.REPORT_READY
        return Wording.READY if reports.latest_released_report(session, exam.id) else Wording.IMAGES_READY

    def _queue(
        self,
        session: Session,
        exam: Exam,
        channel: Channel,
        recipient: Recipient,
        kind: NotificationKind,
        wording: Wording,
        *,
        occasion: int | None = None,
        one_time_code_id: uuid.UUID | None = None,
    ) -> None:
        contents = channel.contents(session, exam, recipient, wording)
        now = self.clock.now()
        row = Notification(
            id=uuid.uuid4(),
            exam_id=exam.id,
            kind=kind,
            occasion=occasion,
            one_time_code_id=one_time_code_id,
            channel=channel.name,
            template=contents.template,
            recipient_masked=recipient.masked,
            access_code_id=contents.access_code_id,
            state=State.PENDING,
            next_attempt_at=self._first_chance(kind, now),
            created_at=now,
        )
        self.fields.seal_into(row, "recipient_sealed", recipient.address)
        repo.add(session, row)
        self.states.tell(session, row, State.PENDING, EventDetail.QUEUED)
        which = {"one_time_code": one_time_code_id.hex} if one_time_code_id else {"occasion": occasion}
        self.audit.record(
            session,
            Action.NOTIFICATION_QUEUED,
            actor="system",
            subject=exam_subject(exam.id),
            notification=row.id.hex,
            kind=kind,
            channel=channel.name,
            **which,
        )

    def _first_chance(self, kind: NotificationKind, now: datetime) -> datetime:
        if kind in NEWS:
            return self.times.first_chance(now)
        return self.times.next_open(now) if kind in (*ABOUT_ACCESS, *FOR_RELATIVES) else now
