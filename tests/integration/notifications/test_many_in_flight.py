"""A worker hands over several messages at once, and two do: each goes out once, whatever the carrier says."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

from app import bootstrap
from app.bootstrap import Services
from app.models import NotificationKind
from app.services.channels.channel import Wording
from sms.errors import NO_CONNECTION, SmsRefused, SmsRetryLater, SmsUnknown
from sms.sender import Accepted, DeliveryReceipt
from sms.templates import SmsMessage
from tests.factories.carriers import house_over
from tests.factories.house import clock_of, services
from tests.factories.telling import exam_of, notifications, register

MESSAGES, AT_ONCE = 60, 8


class Carrier:
    """Takes most messages; of every sixth it is busy once, refuses it, or takes it and gives no answer. Until there
    were three calls at once each waits a moment for others."""

    def __init__(self) -> None:
        self.lock, self.seen, self.taken = threading.Lock(), Counter[str](), Counter[str]()
        self.open = self.widest = 0
        self.wide = threading.Event()

    def send(self, phone: str, message: SmsMessage, session_context: str) -> Accepted:
        with self.lock:
            self.seen[session_context] += 1
            number, again = len(self.seen), self.seen[session_context] > 1
            self.open += 1
            self.widest = max(self.widest, self.open)
            if self.open > 2:
                self.wide.set()
        self.wide.wait(0.1)
        with self.lock:
            self.open -= 1
            if number % 6 == 1 and not again:
                raise SmsRetryLater(NO_CONNECTION, "out of reach")
            if number % 6 == 3:
                raise SmsRefused("FailedOperation.PhoneNumberInBlacklist", "refused")
            self.taken[session_context] += 1
            if number % 6 == 5:
                raise SmsUnknown("ClientNetworkError", "no answer")
            return Accepted(f"s:{session_context}", 1)

    def receipts(self, phone: str, since: datetime, until: datetime) -> list[DeliveryReceipt]:
        return [DeliveryReceipt(f"s:{one}", phone, True, "DELIVRD", one) for one in self.taken]


def house_with_messages(folder: Path) -> Services:
    house = services(folder, messages_at_once=str(AT_ONCE))
    register(house)
    with house.db.session() as session:
        exam = session.merge(exam_of(house))
        exam.images_released_at = clock_of(house).now()
        for _ in range(MESSAGES):
            house.notifications.telling.queue_news(session, exam, NotificationKind.RESEND, Wording.READY)
    return house


def test_two_workers_with_many_calls_at_once_send_each_message_once(tmp_path: Path) -> None:
    house, carrier = house_with_messages(tmp_path), Carrier()
    workers = [house_over(bootstrap.build(house.settings, clock_of(house)), carrier) for _ in range(2)]
    for _ in range(12):
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda each: each.notifications.sending.send_due(), workers))
        clock_of(house).advance(45)
        for each in workers:
            each.notifications.receipts.ask_due()
    became = Counter(row.state for row in notifications(house, exam_of(house).id))
    assert carrier.widest > 2, "more at once than one a worker"
    assert set(carrier.taken.values()) == {1}, "a message went out twice"
    assert set(became) == {"accepted", "delivered", "failed"}
    assert became["failed"] == MESSAGES - len(carrier.taken)
    assert len(carrier.seen) == MESSAGES, "somebody was forgotten"
