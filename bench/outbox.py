"""Notifications a second that one worker hands over to a carrier that answers after 50 ms, many calls at a time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from app.bootstrap import Services
from app.models import ChannelName, NotificationKind
from app.repos.exams import exams
from app.services.channels.channel import Wording
from app.services.channels.sms import SmsChannel
from app.services.notifications.sending import Sending
from bench.house import opened, registered, working_folder
from sms.sender import Accepted, DeliveryReceipt
from sms.templates import SmsMessage

ANSWER_S = 0.05
MESSAGES = 200


@dataclass
class SlowCarrier:
    """Takes every message, after 50 ms, as a carrier far away does."""

    taken: list[str] = field(default_factory=list)

    def send(self, phone: str, message: SmsMessage, session_context: str) -> Accepted:
        time.sleep(ANSWER_S)
        self.taken.append(session_context)
        return Accepted(f"bench:{session_context}", 1)

    def receipts(self, phone: str, since: datetime, until: datetime) -> Sequence[DeliveryReceipt]:
        return ()


def run() -> None:
    with working_folder() as folder, opened(folder) as services:
        _queue(services)
        carrier = SlowCarrier()
        sending = _over(services, carrier)
        started = time.perf_counter()
        while sending.send_due():
            pass
        took = time.perf_counter() - started
    if len(set(carrier.taken)) != MESSAGES:
        raise RuntimeError(f"{len(carrier.taken)} of {MESSAGES} messages were sent")
    print(f"  {MESSAGES / took:6.1f} notifications/s  (one call at a time: at most {1 / ANSWER_S:.0f})")


def _queue(services: Services) -> None:
    """One exam that may be told, and so many messages that staff send again: news would gather in one message."""
    registered(services, "OUTBOX1")
    with services.db.session() as session:
        exam = exams.exam_by_accession(session, "OUTBOX1")
        if exam is None:
            raise RuntimeError("the exam was not registered")
        exam.images_released_at = services.clock.now()
        for _ in range(MESSAGES):
            services.notifications.telling.queue_news(session, exam, NotificationKind.RESEND, Wording.READY)


def _over(services: Services, carrier: SlowCarrier) -> Sending:
    sms = services.channels[ChannelName.SMS]
    if not isinstance(sms, SmsChannel):
        raise TypeError("not the channel of text messages")
    channels = {**services.channels, sms.name: replace(sms, sender=carrier)}
    return replace(services.notifications.sending, channels=channels)
