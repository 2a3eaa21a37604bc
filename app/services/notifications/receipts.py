"""What became of accepted messages: receipts pushed by the carrier or pulled from it, and the end of unknown outcomes.

A receipt names its message by the carrier's serial. Two kinds cannot be named at once: those that overtake our own
commit, and those of messages whose answer was lost. They wait as early receipts. No carrier's format is read here.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy.orm import Session

from app.clock import Clock
from app.database import Database
from app.models import EarlyReceipt, EventDetail, Notification
from app.models import NotificationState as State
from app.repos.due_times import NEVER
from app.repos.notifications import outbox as repo
from app.repos.notifications import receipts as receipt_repo
from app.security.blind_index import BlindIndex
from app.security.fields import FieldSealer
from app.services.channels.channel import Channels, DeliveryReceipt
from app.services.notifications.phone_correction import PhoneCorrection
from app.services.notifications.states import NotificationStates
from app.services.queue.row_by_row import row_by_row

log = structlog.get_logger(__name__)

FIRST_QUESTION = timedelta(seconds=30)
UNKNOWN_LIFETIME = timedelta(minutes=10)
"""After that the desk decides."""
RECEIPT_EXPECTED = timedelta(minutes=15)
RECEIPTS_END = timedelta(hours=72)
SKEW = timedelta(minutes=2)
BATCH = 20
TAKEN_AT_ONCE = 10
"""Pushed receipts of one commit. Those without a message are compared with every message without a serial."""
FORGOTTEN_AT_ONCE = 100
MOST_OPEN = 1000
"""Messages without a serial that are looked through: where there are more, nothing can be matched beyond doubt."""


@dataclass(frozen=True, kw_only=True)
class Receipts:
    """Decides which message a receipt is of. One that fits none waits or is counted; nothing is raised for it."""

    db: Database
    clock: Clock
    fields: FieldSealer
    blind: BlindIndex
    states: NotificationStates
    phones: PhoneCorrection
    channels: Channels

    def take(self, receipts: Sequence[DeliveryReceipt]) -> None:
        """Receipts that were pushed, some in each commit; the same again, or too late, changes nothing. So what a fault
        leaves over may be pushed again with the rest."""
        for start in range(0, len(receipts), TAKEN_AT_ONCE):
            self._take_some(receipts[start : start + TAKEN_AT_ONCE])

    def _take_some(self, receipts: Sequence[DeliveryReceipt]) -> None:
        with self.db.session() as session:
            receipt_repo.forget_early_receipts(session, self.clock.now() - RECEIPTS_END, FORGOTTEN_AT_ONCE)
            for receipt in receipts:
                row = repo.by_serial(session, receipt.serial)
                if row is not None:
                    self._apply(session, row, receipt.delivered, receipt.code)
                else:
                    self._keep(session, receipt)

    def settle_early(self, session: Session, row: Notification, serial: str) -> None:
        """The row's serial is known now: its receipt may have been here before."""
        early = receipt_repo.early_receipt(session, serial)
        if early is not None:
            self._adopt(session, row, early)

    def settle_unknown(self, session: Session, row: Notification) -> None:
        """The row became unknown: its receipt may have been here before."""
        if self.channels[row.channel].reports:
            self._match(session, self.fields.open_of(row, "recipient_sealed"))

    def ask_due(self) -> int:
        """Ask the carrier about messages it did not report on; unknown ones go to the desk after ten minutes."""
        now = self.clock.now()
        with self.db.read() as session:
            ids = repo.due(session, (State.UNKNOWN, State.ACCEPTED), now, BATCH)
        row_by_row(ids, lambda row_id: self._ask(row_id, now), lambda row_id, error: self._postpone(row_id, error, now))
        return len(ids)

    def _postpone(self, notification_id: uuid.UUID, error: Exception, now: datetime) -> None:
        """A row that nothing can be found out about goes the way of one the carrier knows nothing of."""
        log.error("a message cannot be asked for", notification=notification_id, exc_info=error)
        with self.db.session() as session:
            row = repo.get(session, notification_id)
            if row is not None:
                self._still_open(session, row, now)

    def _ask(self, notification_id: uuid.UUID, now: datetime) -> None:
        with self.db.read() as session:
            row = repo.get(session, notification_id)
        if row is None or row.sent_at is None:
            return
        address = self.fields.open_of(row, "recipient_sealed")
        found = self.channels[row.channel].ask(address, min(row.sent_at, now) - SKEW, now + SKEW)
        with self.db.session() as session:
            receipt = self._own(session, row, found)
            if receipt is not None:
                repo.change(session, row.id, (row.state,), None, {"provider_serial": receipt.serial})
                self._apply(session, row, receipt.delivered, receipt.code)
            else:
                self._still_open(session, row, now)

    def _still_open(self, session: Session, row: Notification, now: datetime) -> None:
        if row.state == State.UNKNOWN and abs(now - (row.sent_at or now)) >= UNKNOWN_LIFETIME:
            self.states.move(session, row, State.DESK, EventDetail.NEVER_REPORTED)
        elif row.state in (State.UNKNOWN, State.ACCEPTED):
            repo.change(session, row.id, (row.state,), None, {"next_attempt_at": self._next_question(row, now)})

    def _own(self, session: Session, row: Notification, found: Sequence[DeliveryReceipt]) -> DeliveryReceipt | None:
        """The receipt that is this row's beyond doubt: by serial, by what we sent along, or as the only stray one."""
        for receipt in found:
            if receipt.sent_along == row.id.hex or (receipt.serial and receipt.serial == row.provider_serial):
                return receipt
        if row.provider_serial is not None:
            return None
        stray = [item for item in found if not item.sent_along and repo.by_serial(session, item.serial) is None]
        phone = self.fields.open_of(row, "recipient_sealed")
        alone = [other.id for other in self._open_rows(session, phone)] == [row.id]
        return stray[0] if len(stray) == 1 and alone else None

    def _keep(self, session: Session, receipt: DeliveryReceipt) -> None:
        if receipt_repo.early_receipt(session, receipt.serial) is not None:
            return
        early = EarlyReceipt(
            serial=receipt.serial,
            phone_hash=self._phone_hash(receipt.recipient),
            delivered=receipt.delivered,
            code=receipt.code,
            received_at=self.clock.now(),
        )
        repo.add(session, early)
        self._match(session, receipt.recipient)

    def _match(self, session: Session, phone: str) -> None:
        """One message to this phone without serial, one receipt without message: they belong together.

        While one is just being sent nothing is sure: the receipt may be its own.
        """
        rows = self._open_rows(session, phone)
        if len(rows) != 1 or rows[0].state == State.SENDING or rows[0].sent_at is None:
            return
        early = receipt_repo.early_receipts_of(session, self._phone_hash(phone), rows[0].sent_at - SKEW)
        if len(early) == 1:
            self._adopt(session, rows[0], early[0])

    def _open_rows(self, session: Session, phone: str) -> list[Notification]:
        reporting = [name for name, channel in self.channels.items() if channel.reports]
        rows = repo.without_serial(session, reporting, self.clock.now() - RECEIPTS_END, MOST_OPEN + 1)
        if len(rows) > MOST_OPEN:
            return []
        return [row for row in rows if self.fields.open_of(row, "recipient_sealed") == phone]

    def _adopt(self, session: Session, row: Notification, early: EarlyReceipt) -> None:
        repo.change(
            session, row.id, (State.ACCEPTED, State.UNKNOWN, State.DESK), None, {"provider_serial": early.serial}
        )
        self._apply(session, row, early.delivered, early.code)
        receipt_repo.remove_early_receipt(session, early.serial)

    def _apply(self, session: Session, row: Notification, delivered: bool, code: str) -> None:
        if delivered:
            self.states.move(session, row, State.DELIVERED, code)
        elif self.states.move(session, row, State.FAILED, code, failure_code=code[:64]):
            self.phones.redirect(session, row)

    def _next_question(self, row: Notification, now: datetime) -> datetime:
        """Unknown: every half minute. Accepted: after as long as it took until now, for three days."""
        if row.state == State.UNKNOWN:
            return now + FIRST_QUESTION
        age = max(now - (row.sent_at or now), FIRST_QUESTION)  # a clock that was set back asks no oftener
        return now + age if self.channels[row.channel].reports and age < RECEIPTS_END else NEVER

    def _phone_hash(self, phone: str) -> bytes:
        return self.blind.of("receipt.phone", phone)
