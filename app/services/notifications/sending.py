"""Sends what waits in the outbox: claim in one commit, hand over, record in another commit. Receipts are in `receipts`.

A worker that dies between the two commits leaves a row in `sending`; what becomes of it is in `lost_answers`. A message
is tried again only when the carrier surely did not take it: no connection, "busy", "later".
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.orm import Session

from app.clock import Clock
from app.database import Database
from app.errors import DatabaseUnavailable, UnsealError
from app.models import (
    ABOUT_ACCESS,
    FOR_RELATIVES,
    NO_NEWS,
    CancelReason,
    EventDetail,
    FailureCode,
    Notification,
    NotificationKind,
)
from app.models import NotificationState as State
from app.repos.exams import exams as exam_repo
from app.repos.exams import patients
from app.repos.notifications import outbox as repo
from app.repos.notifications import tellings
from app.repos.patient_access import one_time_codes
from app.security.fields import FieldSealer
from app.services.channels.channel import Accepted, CannotBeMade, Channels, HandOver, Later, Outcome, Refused, Unknown
from app.services.notifications.flights import Flights
from app.services.notifications.for_relatives import ForRelatives
from app.services.notifications.gathering import NEWS, Gathering
from app.services.notifications.lost_answers import LostAnswers
from app.services.notifications.opt_outs import OptOuts
from app.services.notifications.phone_correction import PhoneCorrection
from app.services.notifications.receipts import RECEIPT_EXPECTED, Receipts
from app.services.notifications.states import LONGEST_CODE, NotificationStates
from app.services.notifications.telling_plan import SILENT
from app.services.queue.row_by_row import row_by_row

log = structlog.get_logger(__name__)

SENDING_LEASE = timedelta(minutes=2)
"""Far longer than any carrier's time-out: a worker that is silent for so long is dead."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=1)
PATIENCE = timedelta(days=3)
"""A carrier may be away for this time; then the desk decides."""
WAY_PATIENCE = timedelta(hours=1)
"""WeChat may be away for this time where a text message can follow."""
BATCH = 40


@dataclass(frozen=True)
class _Parcel:
    """A claimed row, and the call that hands it over."""

    row: Notification
    hand_over: HandOver


@dataclass(frozen=True, kw_only=True)
class Sending:
    """Decides when a message is handed over, and what follows from the answer. `at_once`: calls to carriers that go on
    side by side. It raises nothing of its own."""

    db: Database
    clock: Clock
    fields: FieldSealer
    states: NotificationStates
    channels: Channels
    phones: PhoneCorrection
    receipts: Receipts
    lost_answers: LostAnswers
    gathering: Gathering
    relatives: ForRelatives
    opt_outs: OptOuts
    at_once: int

    def send_due(self) -> int:
        """Send every message that is due. Returns how many were handed over, with any outcome.

        A channel that does not answer is not asked again in this round: each call may take long, and whoever waits for
        a code waits behind it.
        """
        with self.db.read() as session:
            ids = repo.sendable(session, self.clock.now(), BATCH)
        silent: set[str] = set()
        with Flights(
            most=self.at_once, call=self._call, land=lambda parcel, answer: self._land(parcel, *answer, silent)
        ) as flights:

            def send(row_id: uuid.UUID) -> bool:
                flights.make_room()
                parcel = self._claim(row_id, silent)
                if parcel is not None:
                    flights.begin(parcel)
                return parcel is not None

            return row_by_row(ids, send, self._postpone)

    def _postpone(self, notification_id: uuid.UUID, error: Exception) -> None:
        """After an unforeseen fault before or after the call. A pending row waits, and after PATIENCE goes to the desk.
        A row in `sending` becomes unknown when its lease ends."""
        log.error("a message cannot be handled", notification=notification_id, exc_info=error)
        with self.db.session() as session:
            row = repo.get(session, notification_id)
            if row is not None and row.state == State.PENDING:
                self._wait_on(session, row, row.created_at, type(error).__name__)

    def _call(self, parcel: _Parcel) -> tuple[Outcome, str]:
        """What the carrier answered, and the detail of a fault of ours. It touches no row."""
        try:
            return parcel.hand_over(), ""
        except Exception as error:  # a fault of ours during the call: the message may have gone out
            log.error("sending ended in a fault", notification=parcel.row.id, exc_info=error)
            return Unknown(type(error).__name__), EventDetail.FAULT_WHILE_SENDING

    def _land(self, parcel: _Parcel, outcome: Outcome, detail: str, silent: set[str]) -> bool:
        """Record an answer; False when the carrier gave none."""
        try:
            self.record(parcel.row, outcome, detail)
        except DatabaseUnavailable:
            raise
        except Exception as error:
            self._postpone(parcel.row.id, error)
        if not isinstance(outcome, Unknown):
            return True
        if not detail:
            silent.add(parcel.row.channel)
        return False

    def _claim(self, notification_id: uuid.UUID, silent: set[str]) -> _Parcel | None:
        now = self.clock.now()
        with self.db.session() as session:
            row = repo.get(session, notification_id)
            if row is None or row.state != State.PENDING or row.channel in silent or self._waits(session, row):
                return None
            try:
                if self._cancelled(session, row) or self.phones.redirect(session, row) or self._unwanted(session, row):
                    return None
                exam = exam_repo.exam(session, row.exam_id)
                if exam is None or self.gathering.has_to_wait(session, row, exam):
                    return None
                hand_over = self.channels[row.channel].parcel(session, row, self._address(row))
            except (CannotBeMade, UnsealError) as error:
                log.error("a message cannot be made", notification=row.id, exc_info=error)
                code = error.code if isinstance(error, CannotBeMade) else FailureCode.RECIPIENT_UNREADABLE
                self.states.move(session, row, State.FAILED, EventDetail.CANNOT_BE_MADE, failure_code=code)
                return None
            lease_ends = now + SENDING_LEASE
            values: dict[str, Any] = {"attempts": row.attempts + 1, "sent_at": now, "next_attempt_at": lease_ends}
            if not self.states.move(session, row, State.SENDING, due_at=now, **values):
                return None
            if self.gathering.take_along(session, row, exam, lease_ends):
                hand_over = self.channels[row.channel].parcel(session, row, self._address(row))  # leads to all of them
            return _Parcel(row, hand_over)

    def _cancelled(self, session: Session, row: Notification) -> bool:
        pointless = self._pointless(session, row)
        if pointless is None:
            return False
        self.states.move(session, row, State.CANCELLED, pointless)
        if pointless != CancelReason.CODE_EXPIRED:
            tellings.end(session, row)
        exam = exam_repo.exam(session, row.exam_id)
        if exam is not None and pointless == CancelReason.CODE_EXPIRED and self.channels[row.channel].follows_phone:
            self.phones.tell_anew(session, exam)  # it waited longer than its code lives, for example in a hold
        return True

    def _unwanted(self, session: Session, row: Notification) -> bool:
        """Cancel news to a number that wants none. A code is sent to everybody: its owner asked for it."""
        if row.kind == NotificationKind.ONE_TIME_CODE or not self.channels[row.channel].follows_phone:
            return False
        if not self.opt_outs.refuses(session, self._address(row)):
            return False
        self.states.move(session, row, State.CANCELLED, CancelReason.OPTED_OUT)
        tellings.end(session, row)
        return True

    def _address(self, row: Notification) -> str:
        return self.fields.open_of(row, "recipient_sealed")

    def _waits(self, session: Session, row: Notification) -> bool:
        """News of a held exam stays in the outbox. What tells no news is sent: it says nothing of the exam."""
        exam = exam_repo.exam(session, row.exam_id)
        return exam is not None and exam.held_at is not None and row.kind not in NO_NEWS

    def _pointless(self, session: Session, row: Notification) -> CancelReason | None:
        """Why a queued message must not be sent any more, or None."""
        now = self.clock.now()
        if row.one_time_code_id is not None:
            expires_at = one_time_codes.expires_at(session, row.one_time_code_id)
            return CancelReason.ONE_TIME_CODE_EXPIRED if expires_at is None or expires_at <= now else None
        exam = exam_repo.exam(session, row.exam_id)
        if exam is None or (exam.told_from is None and row.kind not in ABOUT_ACCESS):
            return CancelReason.EXAM_WITHDRAWN
        if row.kind in FOR_RELATIVES and not self.relatives.is_wanted(session, row, exam):
            return CancelReason.GRANT_ENDED
        code_row = repo.access_code(session, row.access_code_id) if row.access_code_id else None
        if code_row is None:
            return None
        if code_row.revoked_at is not None:
            return CancelReason.CODE_REVOKED
        expired = code_row.expires_at is not None and code_row.expires_at <= now
        return CancelReason.CODE_EXPIRED if expired else None

    def record(self, row: Notification, outcome: Outcome, detail: str = "") -> None:
        """Store what a call said of a row in `sending`. `detail`: replaces the code of an unknown outcome."""
        with self.db.session() as session:
            match outcome:
                case Accepted():
                    self._accepted(session, row, outcome)
                case Refused(code):
                    self._refused(session, row, code)
                case Later():
                    first = repo.first_sending_at(session, row.id) or self.clock.now()
                    self._wait_on(session, row, first, outcome.code, outcome.pause)
                    self.phones.redirect(session, row)  # those it carried wait for themselves again
                case Unknown():
                    self.lost_answers.settle(session, row, outcome, detail or outcome.code)

    def _accepted(self, session: Session, row: Notification, outcome: Accepted) -> None:
        self.states.move(
            session,
            row,
            State.ACCEPTED,
            provider_serial=outcome.serial,
            segments=outcome.segments,
            failure_code=None,
            next_attempt_at=self.clock.now() + RECEIPT_EXPECTED,
        )
        self.receipts.settle_early(session, row, outcome.serial)

    def _refused(self, session: Session, row: Notification, code: str) -> None:
        if self.channels[row.channel].is_alarm(code):
            log.error("the carrier refuses our messages", failure_code=code)
        self.states.move(session, row, State.FAILED, code, failure_code=code[:LONGEST_CODE])
        self.phones.redirect_all(session, row)

    def _wait_on(
        self, session: Session, row: Notification, since: datetime, code: str, at_least: timedelta = timedelta()
    ) -> None:
        """Nothing was sent: try again. The pause is as long as the time since `since`, between 30 seconds and an hour;
        after three days the desk decides. The number of tries has no limit: a carrier that is away for hours says
        nothing about the message."""
        now = self.clock.now()
        waited = now - since
        failure_code = code[:LONGEST_CODE]
        if waited >= WAY_PATIENCE and self._has_another_way(session, row):
            self.states.move(session, row, State.FAILED, code, failure_code=failure_code, sent_at=None)
            return
        if waited >= PATIENCE:
            self.states.move(session, row, State.DESK, EventDetail.NEVER_SENT, failure_code=failure_code, sent_at=None)
            return
        pause = max(at_least, min(max(waited, FIRST_PAUSE), LONGEST_PAUSE))
        if row.channel in SILENT:
            pause += timedelta(seconds=row.id.int % 10)  # WeChat is busy when many come at once: not all again then
        values: dict[str, Any] = {"failure_code": failure_code, "next_attempt_at": now + pause}
        if row.state == State.PENDING:
            repo.change(session, row.id, (State.PENDING,), None, values)
        else:
            self.states.move(session, row, State.PENDING, code, sent_at=None, **values)

    def _has_another_way(self, session: Session, row: Notification) -> bool:
        """Whether a text message follows when this notice comes to nothing."""
        exam = exam_repo.exam(session, row.exam_id) if row.channel in SILENT and row.kind in NEWS else None
        if exam is None:
            return False
        patient = patients.patient(session, exam.patient_id)
        others = [each for name, each in self.channels.items() if name not in SILENT]
        return any(each.recipient(session, patient) is not None for each in others)
