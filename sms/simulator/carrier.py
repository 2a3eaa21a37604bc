"""The simulated carrier in the same process: an SmsSender with the same rules as the HTTP server in `server`.

The rules are in `rules`, the receipts in `receipts`, the phones' memory in `inbox`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sms.errors import SmsUnknown
from sms.registration import FOREIGN, RegisteredTemplate, registered_name
from sms.sender import Accepted, DeliveryReceipt
from sms.simulator import receipts, registry, rules
from sms.simulator.faults import NotAnAnswer, answered
from sms.simulator.rules import ApiError, CarrierAccount, ConnectionDropped, FrequencyLimits
from sms.templates import REGISTERED, SmsMessage
from sms.tencent.codes import TABLE
from sms.tencent.sender import MOST_RECEIPTS, accepted, pulled, registered_template, send_request

APP_ID = "1400000000"


@dataclass(frozen=True)
class SimulatedCarrier:
    """`path`: the carrier's SQLite file. `PhoneInbox(path)` reads the phones' messages, also from other processes."""

    path: Path
    now: Callable[[], datetime]
    account: CarrierAccount = field(repr=False)

    @classmethod
    def approving(
        cls,
        path: Path,
        now: Callable[[], datetime],
        signature: str,
        limits: FrequencyLimits | None = None,
        *,
        notice_variables: bool = True,
    ) -> SimulatedCarrier:
        """A carrier that approved this signature and all our templates. The id of a template is its name."""
        foreign = {name + FOREIGN: template for name, template in REGISTERED.items()}
        account = CarrierAccount(
            APP_ID,
            frozenset({signature}),
            {**REGISTERED, **foreign},
            limits or FrequencyLimits(),
            foreign=frozenset(foreign),
            notice_variables=notice_variables,
        )
        return cls(path, now, account)

    def send(self, phone: str, message: SmsMessage, session_context: str) -> Accepted:
        template_id = registered_name(message.template.name, phone)
        request = send_request(self.account.app_id, template_id, phone, message, session_context)
        answer = self._call("SendSms", lambda: rules.send_sms(self.path, self.account, request, self.now()))
        return accepted(answer["SendStatusSet"][0])

    def receipts(self, phone: str, since: datetime, until: datetime) -> Sequence[DeliveryReceipt]:
        begin, end = int(since.timestamp()), int(until.timestamp())
        request = {"PhoneNumber": phone, "BeginTime": begin, "EndTime": end, "Limit": MOST_RECEIPTS}
        answer = self._call("PullSmsSendStatusByPhoneNumber", lambda: receipts.pull(self.path, request))
        return [pulled(item) for item in answer["PullSmsSendStatusSet"]]

    def registered(self) -> Mapping[str, RegisteredTemplate]:
        """Of every template of ours: its id here is its name."""
        return {name: registered_template(registry.item(self.account, name)) for name in self.account.templates}

    def _call(self, action: str, answer: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Raises SendingError, as the real adapter does."""
        try:
            return answered(self.path, action, answer)
        except ApiError as error:
            raise TABLE.error_of(error.code) from None
        except ConnectionDropped:
            raise SmsUnknown("ClientNetworkError", "no answer") from None
        except NotAnAnswer:
            raise SmsUnknown("ServerNetworkError", "not an answer of the carrier") from None

    def push_receipts(self, post: Callable[[Sequence[Mapping[str, str]]], bool]) -> int:
        """Give all due receipts to `post`, which calls the hook; returns how many receipts the hook took."""
        return receipts.push(self.path, post, self.now())
