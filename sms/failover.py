"""Several carriers as one: the next is asked only where the one before surely sent nothing. Knows no carrier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sms.errors import NO_CONNECTION, SendingError, SmsRefused, SmsRetryLater
from sms.sender import Accepted, DeliveryReceipt, SmsSender
from sms.templates import SmsMessage


@dataclass(frozen=True)
class Failover:
    """Carriers in the order in which they are asked, at least one. An SmsSender itself.

    The next one is asked after a definite refusal of the account (no balance, no approved text) and when no connection
    was made. A refusal of the *number* is final: its owner refuses messages, or there is none. A limit is waited for.
    After an unknown outcome nobody else is asked: the message may be on its way.
    """

    carriers: tuple[SmsSender, ...]

    def send(self, phone: str, message: SmsMessage, session_context: str) -> Accepted:
        faults: list[SendingError] = []
        for carrier in self.carriers:
            try:
                return carrier.send(phone, message, session_context)
            except (SmsRefused, SmsRetryLater) as fault:
                faults.append(fault)
                if not _next_may_try(fault):
                    break
        raise _told(faults)

    def receipts(self, phone: str, since: datetime, until: datetime) -> Sequence[DeliveryReceipt]:
        """Of all carriers that answer. Raises as `send` when none does."""
        found, faults = list[DeliveryReceipt](), list[SendingError]()
        for carrier in self.carriers:
            try:
                found += carrier.receipts(phone, since, until)
            except SendingError as fault:
                faults.append(fault)
        if len(faults) == len(self.carriers):
            raise faults[0]
        return found


def _next_may_try(fault: SendingError) -> bool:
    return fault.code == NO_CONNECTION or (isinstance(fault, SmsRefused) and fault.alarm)


def _told(faults: Sequence[SendingError]) -> SendingError:
    """What a later try can mend is told before what it cannot: the carrier that was out of reach may be back."""
    return next((fault for fault in faults if isinstance(fault, SmsRetryLater)), faults[-1])
