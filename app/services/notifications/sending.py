"""Sends what waits in the outbox: claim in one commit, hand over, record in another.

Between the two commits nothing is known: a worker that dies there leaves a row in `sending`, which becomes `unknown`
and is never sent again blindly. Only what surely was not taken is tried again: no connection, "busy", "later".
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.orm import Session

from app.clock import Clock
from app.database import Database
from app.errors import NotFound, UnsealError
from app.models import Notification
from app.repos.exams import exams as exam_repo
from app.repos.notifications import outbox as repo
from app.repos.patient_access import one_time_codes
from app.security.fields import FieldSealer
from app.services.notifications.outbox import RECIPIENT_CONTEXT
from app.services.notifications.phone_correction import PhoneCorrection
from app.services.notifications.receipts import FIRST_QUESTION, RECEIPT_EXPECTED, Receipts
from app.services.notifications.states import NotificationStates, State
from app.services.notifications.wording import ONE_TIME, Wording, one_time_id
from app.services.queue.row_by_row import row_by_row
from sms.errors import InvalidMessage, SendingError, SmsRefused, SmsRetryLater, SmsUnknown
from sms.sender import SmsSender
from wechat.errors import NoticeError, NoticeFault, WechatRefused, WechatRetryLater
from wechat.notices import WechatNotifier

log = structlog.get_logger(__name__)

SENDING_LEASE = timedelta(minutes=2)
"""Far longer than any carrier's time-out: whoever is silent for so long is dead."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=1)
PATIENCE = timedelta(days=3)
"""For so long a carrier may be away; then the desk decides."""
CODE_EXPIRED = "its code expired"
NEVER_SENT = "not sent within three days"
WORKER_LOST = SmsUnknown("worker lost", "nobody recorded the answer")
BATCH = 20


@dataclass(frozen=True)
class _Parcel:
    """A claimed row, and the call that hands it over and returns the carrier's serial and segments."""

    row: Notification
    hand_over: Callable[[], tuple[str, int]]


@dataclass(frozen=True, kw_only=True)
class Sending:
    db: Database
    clock: Clock
    fields: FieldSealer
    states: NotificationStates
    wording: Wording
    phones: PhoneCorrection
    receipts: Receipts
    sms: SmsSender
    wechat: WechatNotifier | None

    def send_due(self) -> int:
        """Send every message that is due; returns how many were handed over, whatever came of it."""
        with self.db.read() as session:
            ids = repo.sendable(session, self.clock.now(), BATCH, always=ONE_TIME)
        return row_by_row(ids, self._send, self._postpone)

    def give_up_silent(self) -> int:
        """Rows whose sender died between claim and answer become unknown; returns how many."""
        now = self.clock.now()
        with self.db.read() as session:
            ids = repo.due(session, (State.SENDING,), now, BATCH)
        row_by_row(
            ids, lambda row_id: self._give_up(row_id, now), lambda row_id, error: self._unseen(row_id, error, now)
        )
        return len(ids)

    def _give_up(self, notification_id: uuid.UUID, now: datetime) -> None:
        with self.db.session() as session:
            row = repo.get(session, notification_id)
            if row is not None:
                self._unknown(session, row, WORKER_LOST, due_at=now)

    def _unseen(self, notification_id: uuid.UUID, error: Exception, now: datetime) -> None:
        """Its outcome is unknown whatever stands against looking for a receipt."""
        log.error("a silent message cannot be settled", notification=notification_id, exc_info=error)
        with self.db.session() as session:
            row = repo.get(session, notification_id)
            if row is not None:
                self._move_to_unknown(session, row, WORKER_LOST, due_at=now)

    def _postpone(self, notification_id: uuid.UUID, error: Exception) -> None:
        """A fault nobody foresaw, before or after the call. A row still pending waits, at last for the desk; one that
        is being sent is given up with its lease."""
        log.error("a message cannot be handled", notification=notification_id, exc_info=error)
        with self.db.session() as session:
            row = repo.get(session, notification_id)
            if row is not None and row.state == State.PENDING:
                self._wait_on(session, row, row.created_at, "a fault before sending", type(error).__name__)

    def _send(self, notification_id: uuid.UUID) -> bool:
        parcel = self._claim(notification_id)
        if parcel is None:
            return False
        try:
            serial, segments = parcel.hand_over()
        except (SendingError, NoticeError) as error:
            self._record_error(parcel.row, error)
        except Exception as error:  # a fault of ours during the call: it may have gone out
            log.error("sending ended in a fault", notification=parcel.row.id, exc_info=error)
            self._record_error(parcel.row, SmsUnknown(type(error).__name__, "a fault while sending"))
        else:
            self._record_acceptance(parcel.row, serial, segments)
        return True

    def _claim(self, notification_id: uuid.UUID) -> _Parcel | None:
        now = self.clock.now()
        with self.db.session() as session:
            row = repo.get(session, notification_id)
            if row is None or self._waits(session, row):
                return None
            if pointless := self._pointless(session, row):
                self.states.move(session, row, State.CANCELLED, pointless)
                exam = exam_repo.exam(session, row.exam_id)
                if exam is not None and pointless == CODE_EXPIRED and row.channel == "sms":
                    self.phones.tell_anew(session, exam)  # it waited longer than its code lives, for a hold's end say
                return None
            try:
                if self.phones.redirect(session, row):
                    return None
                hand_over = self._prepare(session, row)
            except (InvalidMessage, NoticeFault, NotFound, UnsealError) as error:
                log.error("a message cannot be made", notification=row.id, exc_info=error)
                self.states.move(session, row, State.FAILED, "cannot be made", failure_code=type(error).__name__)
                return None
            claimed = self.states.move(
                session,
                row,
                State.SENDING,
                due_at=now,
                attempts=row.attempts + 1,
                sent_at=now,
                next_attempt_at=now + SENDING_LEASE,
            )
            return _Parcel(row, hand_over) if claimed else None

    def _waits(self, session: Session, row: Notification) -> bool:
        """News of an exam that is held stays in the outbox; a one-time code tells nothing of it."""
        exam = exam_repo.exam(session, row.exam_id)
        return exam is not None and exam.held_at is not None and not row.event.startswith(ONE_TIME)

    def _pointless(self, session: Session, row: Notification) -> str | None:
        """Why a queued message must not go out any more."""
        if row.event.startswith(ONE_TIME):
            code = one_time_codes.by_id(session, one_time_id(row))
            return "the code expired" if code is None or code.expires_at <= self.clock.now() else None
        exam = exam_repo.exam(session, row.exam_id)
        if exam is None or exam.images_released_at is None:
            return "the exam is not released any more"
        code_row = repo.access_code(session, row.access_code_id) if row.access_code_id else None
        if code_row is None:
            return None
        if code_row.revoked_at is not None:
            return "its code was revoked"
        expired = code_row.expires_at is not None and code_row.expires_at <= self.clock.now()
        return CODE_EXPIRED if expired else None

    def _prepare(self, session: Session, row: Notification) -> Callable[[], tuple[str, int]]:
        recipient = self.fields.open(row.recipient_sealed, RECIPIENT_CONTEXT)
        if row.channel == "sms":
            message = self.wording.sms(session, row)

            def by_sms() -> tuple[str, int]:
                accepted = self.sms.send(recipient, message, row.id.hex)
                return accepted.serial, accepted.segments

            return by_sms
        exam = exam_repo.exam(session, row.exam_id)
        wechat = self.wechat
        if exam is None or wechat is None:
            raise NotFound("no WeChat here any more")
        notice = self.wording.notice(session, row, exam)
        return lambda: (wechat.send(recipient, notice).msgid, 0)

    def _record_acceptance(self, row: Notification, serial: str, segments: int) -> None:
        with self.db.session() as session:
            self.states.move(
                session,
                row,
                State.ACCEPTED,
                provider_serial=serial,
                segments=segments,
                failure_code=None,
                next_attempt_at=self.clock.now() + RECEIPT_EXPECTED,
            )
            self.receipts.settle_early(session, row, serial)

    def _record_error(self, row: Notification, error: SendingError | NoticeError) -> None:
        with self.db.session() as session:
            if isinstance(error, SmsRefused | WechatRefused):
                if getattr(error, "alarm", False):
                    log.error("the carrier refuses our messages", failure_code=error.code)
                self._failed(session, row, error)
            elif isinstance(error, SmsRetryLater | WechatRetryLater):
                self._later(session, row, error)
            else:
                self._unknown(session, row, error)

    def _failed(self, session: Session, row: Notification, error: SendingError | NoticeError) -> None:
        self.states.move(session, row, State.FAILED, error.reason, failure_code=str(error.code)[:64])
        self.phones.redirect(session, row)

    def _later(self, session: Session, row: Notification, error: SendingError | NoticeError) -> None:
        first = repo.first_sending_at(session, row.id) or self.clock.now()
        self._wait_on(session, row, first, error.reason, str(error.code), getattr(error, "after_s", 0))
        self.phones.redirect(session, row)

    def _wait_on(
        self, session: Session, row: Notification, since: datetime, reason: str, code: str, after_s: int = 0
    ) -> None:
        """Nothing was sent: try again after as long as it took until now, for three days. No number of tries ends it:
        a carrier that is away or busy for hours says nothing about the message."""
        now = self.clock.now()
        waited = now - since
        if waited >= PATIENCE:
            self.states.move(session, row, State.DESK, NEVER_SENT, failure_code=code[:64], sent_at=None)
            return
        pause = max(timedelta(seconds=after_s), min(max(waited, FIRST_PAUSE), LONGEST_PAUSE))
        values: dict[str, Any] = {"failure_code": code[:64], "next_attempt_at": now + pause}
        if row.state == State.PENDING:
            repo.change(session, row.id, (State.PENDING,), None, values)
        else:
            self.states.move(session, row, State.PENDING, reason, sent_at=None, **values)

    def _unknown(
        self,
        session: Session,
        row: Notification,
        error: SendingError | NoticeError,
        *,
        due_at: datetime | None = None,
    ) -> None:
        if self._move_to_unknown(session, row, error, due_at) and row.channel == "sms":
            self.receipts.settle_unknown(session, row)

    def _move_to_unknown(
        self, session: Session, row: Notification, error: SendingError | NoticeError, due_at: datetime | None
    ) -> bool:
        return self.states.move(
            session,
            row,
            State.UNKNOWN,
            error.reason,
            due_at=due_at,
            failure_code=str(error.code)[:64],
            provider_serial=getattr(error, "serial", None),
            next_attempt_at=self.clock.now() + FIRST_QUESTION,
        )
