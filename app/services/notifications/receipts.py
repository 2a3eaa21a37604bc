"""Outcomes of messages: receipts that the carrier pushes or that we pull, and the end of unknown outcomes.

A receipt names its message by the carrier's serial. For two kinds we do not know the serial yet: the receipt came
before our own commit, or the answer to the message was lost. Such a receipt waits as an early receipt. No carrier's
format is read here.
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
from app.services.notifications.states import LONGEST_CODE, NotificationStates
from app.services.queue.row_by_row import row_by_row

log = structlog.get_logger(__name__)

FIRST_QUESTION = timedelta(seconds=30)
UNKNOWN_LIFETIME = timedelta(minutes=10)
"""After this time the desk decides."""
RECEIPT_EXPECTED = timedelta(minutes=15)
RECEIPTS_END = timedelta(hours=72)
ASKED_ABOUT = (State.UNKNOWN, State.ACCEPTED, State.DESK)
SKEW = timedelta(minutes=2)
BATCH = 20
TAKEN_AT_ONCE = 10
"""Pushed receipts in one commit: few, because a receipt without a message is compared with every message without a
serial."""
FORGOTTEN_AT_ONCE = 100
MOST_OPEN = 1000
"""At most so many messages without a serial are compared. When there are more, no receipt is matched."""


@dataclass(frozen=True, kw_only=True)
class Receipts:
    """Decides which message a receipt belongs to. A receipt without a message waits as an early receipt. Raises nothing
    of its own."""

    db: Database
    clock: Clock
    fields: FieldSealer
    blind: BlindIndex
    states: NotificationStates
    phones: PhoneCorrection
    channels: Channels

    def take(self, receipts: Sequence[DeliveryReceipt]) -> None:
        """Take pushed receipts, TAKEN_AT_ONCE in each commit. A receipt that comes again or too late changes nothing,
        so after a fault the carrier may push all of them again."""
        for start in range(0, len(receipts), TAKEN_AT_ONCE):
            self._take_some(receipts[start : start + TAKEN_AT_ONCE])

    def _take_some(self, receipts: Sequence[DeliveryReceipt]) -> None:
        with self.db.session() as session:
            receipt_repo.forget_early_receipts(session, self.clock.now() - RECEIPTS_END, FORGOTTEN_AT_ONCE)
            for receipt in receipts:
                row = repo.by_serial(session, receipt.serial)
                if row is None:
                    self._keep(session, receipt)
                elif self._address(row) == receipt.recipient:
                    self._apply(session, row, receipt.delivered, receipt.code)
                else:  # a carrier may give one name to the messages of several numbers
                    log.warning("a receipt names another number than its message", notification=row.id)

    def settle_early(self, session: Session, row: Notification, serial: str) -> None:
        """The row's serial is known now. Its receipt may have come earlier."""
        early = receipt_repo.early_receipt(session, serial)
        if early is not None and early.phone_hash == self._phone_hash(self._address(row)):
            self._adopt(session, row, early)

    def settle_unknown(self, session: Session, row: Notification) -> None:
        """The row became unknown. Its receipt may have come earlier."""
        if self.channels[row.channel].reports:
            self._match(session, self._address(row))

    def ask_due(self) -> int:
        """Ask the carrier about messages without a receipt. Unknown messages go to the desk after ten minutes; the
        carrier is asked about them for three days all the same, because it may have been silent as a whole."""
        now = self.clock.now()
        with self.db.read() as session:
            ids = repo.due(session, ASKED_ABOUT, now, BATCH)
        row_by_row(ids, lambda row_id: self._ask(row_id, now), lambda row_id, error: self._postpone(row_id, error, now))
        return len(ids)

    def _postpone(self, notification_id: uuid.UUID, error: Exception, now: datetime) -> None:
        """When asking about a row fails, treat it like a row that the carrier knows nothing about."""
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
        address = self._address(row)
        found = self.channels[row.channel].ask(address, min(row.sent_at, now) - SKEW, now + SKEW)
        with self.db.session() as session:
            receipt = self._own(session, row, found)
            if receipt is not None:
                if receipt.serial:
                    repo.change(session, row.id, (row.state,), None, {"provider_serial": receipt.serial})
                self._apply(session, row, receipt.delivered, receipt.code)
            else:
                self._still_open(session, row, now)

    def _still_open(self, session: Session, row: Notification, now: datetime) -> None:
        if row.state == State.UNKNOWN and abs(now - (row.sent_at or now)) >= UNKNOWN_LIFETIME:
            next_question = now + UNKNOWN_LIFETIME
            self.states.move(session, row, State.DESK, EventDetail.NEVER_REPORTED, next_attempt_at=next_question)
        elif row.state in ASKED_ABOUT:
            repo.change(session, row.id, (row.state,), None, {"next_attempt_at": self._next_question(row, now)})

    def _own(self, session: Session, row: Notification, found: Sequence[DeliveryReceipt]) -> DeliveryReceipt | None:
        """The receipt that surely belongs to this row: by serial, by what we sent along, or as the only receipt without
        a message. A receipt that names neither may be of a message that is settled already."""
        for receipt in found:
            if receipt.sent_along == row.id.hex or (receipt.serial and receipt.serial == row.provider_serial):
                return receipt
        if row.provider_serial is not None:
            return None
        nameless = [item for item in found if item.serial and not item.sent_along]
        stray = [item for item in nameless if repo.by_serial(session, item.serial) is None]
        phone = self._address(row)
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
        """When this phone has exactly one message without a serial and one receipt without a message, they belong
        together.

        While the message is being sent this is not sure, and nothing is matched.
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
        return [row for row in rows if self._address(row) == phone]

    def _adopt(self, session: Session, row: Notification, early: EarlyReceipt) -> None:
        repo.change(
            session, row.id, (State.ACCEPTED, State.UNKNOWN, State.DESK), None, {"provider_serial": early.serial}
        )
        self._apply(session, row, early.delivered, early.code)
        receipt_repo.remove_early_receipt(session, early.serial)

    def _apply(self, session: Session, row: Notification, delivered: bool, code: str) -> None:
        if delivered:
            self.states.move(session, row, State.DELIVERED, code)
        elif self.states.move(session, row, State.FAILED, code, failure_code=code[:LONGEST_CODE]):
            self.phones.redirect_all(session, row)

    def _next_question(self, row: Notification, now: datetime) -> datetime:
        """Unknown: every 30 seconds. Accepted or at the desk: the pause doubles the age of the message, until it is
        three days old."""
        if row.state == State.UNKNOWN:
            return now + FIRST_QUESTION
        age = max(now - (row.sent_at or now), FIRST_QUESTION)  # a clock that was set back does not ask more often
        return now + age if self.channels[row.channel].reports and age < RECEIPTS_END else NEVER

    def _address(self, row: Notification) -> str:
        return self.fields.open_of(row, "recipient_sealed")

    def _phone_hash(self, phone: str) -> bytes:
        return self.blind.of("receipt.phone", phone)
