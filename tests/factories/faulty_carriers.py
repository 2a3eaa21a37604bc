"""Carriers that fail as told, for tests of what is sent how often."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from app.bootstrap import Services
from app.services.channels.sms import receipt_of
from sms.errors import NO_CONNECTION, SendingError, SmsRefused, SmsRetryLater, SmsUnknown
from sms.sender import Accepted, DeliveryReceipt
from sms.templates import SmsMessage
from tests.factories.carriers import PHONE
from tests.factories.house import clock_of
from wechat import notices
from wechat.errors import CallError, WechatUnknown, error_of
from wechat.notices import Notice


class Killed(BaseException):
    """The worker dies here."""


ANSWERS: dict[str, SendingError] = {
    "lost": SmsUnknown("ClientNetworkError", "no answer"),
    "silent": SmsUnknown("InternalError.Timeout", "no answer"),
    "busy": SmsRetryLater("RequestLimitExceeded", "too many calls", after_s=1),
    "away": SmsRetryLater(NO_CONNECTION, "out of reach"),
    "account": SmsRefused("FailedOperation.InsufficientBalanceInSmsPackage", "used up", alarm=True),
    "number": SmsRefused("FailedOperation.PhoneNumberInBlacklist", "refused"),
}
TAKEN = ("accepted", "lost", "killed after")
FAULTS = ("killed after", "killed before", "fault", *ANSWERS)
MEANWHILE = ("nothing", "sends", "gives up", "is told")


@dataclass
class Faulty:
    """A carrier that fails as told, and is well when nothing more is told. What it took it reports."""

    name: str
    house: Callable[[], Services]
    faults: list[str] = field(default_factory=list)
    meanwhile: list[str] = field(default_factory=list)
    """What the other worker does while a call lasts."""
    done: list[str] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    asked_in_vain: int = 0
    """How often it does not answer a question for receipts."""
    given_up: bool = False
    """A worker was counted as lost while its call lasted: what the call says then is too late."""

    def send(self, phone: str, message: SmsMessage, session_context: str) -> Accepted:
        fault = self.faults.pop(0) if self.faults else "accepted"
        self.done.append(fault)
        if fault in TAKEN:
            self.taken.append(session_context)
        self._meanwhile()
        if fault.startswith("killed"):
            raise Killed
        if fault == "fault":
            raise ValueError("a fault of ours")
        if fault in ANSWERS:
            raise ANSWERS[fault]
        return Accepted(self._serial(session_context), 1)

    def receipts(self, phone: str, since: datetime, until: datetime) -> list[DeliveryReceipt]:
        if self.asked_in_vain > 0:
            self.asked_in_vain -= 1
            raise SmsRetryLater(NO_CONNECTION, "out of reach")
        return self._told()

    def _told(self) -> list[DeliveryReceipt]:
        return [DeliveryReceipt(self._serial(taken), PHONE, True, "DELIVRD", taken) for taken in self.taken]

    def _serial(self, session_context: str) -> str:
        return f"{self.name}:{session_context}"

    def _meanwhile(self) -> None:
        act, house = self.meanwhile.pop(0) if self.meanwhile else "nothing", self.house()
        if act == "sends":
            house.notifications.sending.send_due()
        elif act == "gives up":
            self.given_up = True
            clock_of(house).advance(130)
            house.notifications.lost_answers.give_up_silent()
        elif act == "is told":
            house.notifications.receipts.take([receipt_of(receipt) for receipt in self._told()])


NOTICE_ANSWERS: dict[str, CallError] = {
    "lost": WechatUnknown(0, "no answer"),
    "silent": WechatUnknown(0, "not an answer of WeChat"),
    "busy": error_of(-1),
    "refused": error_of(43101),
    "too many": error_of(43117),
}
NOTICE_FAULTS = ("killed after", "killed before", *NOTICE_ANSWERS)
KNOWN_FOR_S = 600
"""So long WeChat takes the same `client_msg_id` once."""


@dataclass
class FaultyWechat:
    """A WeChat that fails as told. `taken`: (id, epoch seconds) of each notice that it sends out."""

    house: Callable[[], Services]
    faults: list[str] = field(default_factory=list)
    meanwhile: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    taken: list[tuple[str, float]] = field(default_factory=list)

    def send(self, openid: str, notice: Notice, client_msg_id: str) -> notices.Accepted:
        fault = self.faults.pop(0) if self.faults else "accepted"
        self.done.append(fault)
        now = clock_of(self.house()).now().timestamp()
        known = any(one == client_msg_id and now - at < KNOWN_FOR_S for one, at in self.taken)
        if fault in TAKEN and not known:
            self.taken.append((client_msg_id, now))
        act = self.meanwhile.pop(0) if self.meanwhile else "nothing"
        if act == "sends":
            self.house().notifications.telling.go_on_due()
            self.house().notifications.sending.send_due()
        elif act == "gives up":
            clock_of(self.house()).advance(130)
            self.house().notifications.lost_answers.give_up_silent()
            self.house().notifications.repeating.repeat_due()
        if fault.startswith("killed"):
            raise Killed
        if fault in NOTICE_ANSWERS:
            raise NOTICE_ANSWERS[fault]
        return notices.Accepted(client_msg_id)
