"""Sends through Aliyun's SMS (Dysmsapi 2017-05-25) with the official core SDK. What its codes mean is `codes`.

Source: help.aliyun.com/document_detail/419273.html (SendSms), 419277.html (QuerySendDetails), 419288.html
(QuerySmsTemplateList).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import requests
from aliyunsdkcore.acs_exception.exceptions import ClientException, ServerException
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest

from sms.aliyun.callback import CHINA, pulled, serial_of
from sms.aliyun.codes import TABLE
from sms.aliyun.registration import as_registered, registered_template
from sms.connection import was_never_made
from sms.errors import NO_CONNECTION, NO_TEMPLATE_ID, SmsRefused, SmsRetryLater, SmsUnknown
from sms.phone import is_mainland, parts
from sms.registration import RegisteredTemplate, registered_name
from sms.sender import Accepted, DeliveryReceipt
from sms.templates import SmsMessage

ENDPOINT = "dysmsapi.aliyuncs.com"
VERSION = "2017-05-25"
CONNECT_S, ANSWER_S = 3, 10
MOST_ON_A_PAGE = 50
MOST_PAGES = 20
"""1 000 templates, or receipts of one number on one day."""
# The SDK logs whole answers at warning, addresses with the key's id at error, and headers to a handler of its own.
logging.getLogger("aliyunsdkcore").setLevel(logging.CRITICAL + 1)
logging.getLogger("aliyunsdkcore.http.http_response").disabled = True


@dataclass(frozen=True)
class AliyunAccount:
    key_id: str = field(repr=False)
    key_secret: str = field(repr=False)


class AliyunSender:
    """SmsSender over the vendor's API. `template_codes`: our template name -> registered code (SMS_…)."""

    def __init__(
        self, account: AliyunAccount, template_codes: Mapping[str, str], *, endpoint: str = "", scheme: str = "https"
    ) -> None:
        """`endpoint` (host or host:port) and `scheme` are for tests."""
        self._account = account
        self._template_codes = dict(template_codes)
        self._endpoint, self._scheme = endpoint or ENDPOINT, scheme

    def send(self, phone: str, message: SmsMessage, session_context: str) -> Accepted:
        name = registered_name(message.template.name, phone)
        template_code = self._template_codes.get(name)
        if template_code is None:
            raise SmsRefused(NO_TEMPLATE_ID, f"{name} has no registered id", alarm=True)
        answer = self._call("SendSms", send_request(template_code, phone, message, session_context))
        biz_id = answer.get("BizId")
        if not isinstance(biz_id, str) or not biz_id:
            raise SmsUnknown("OK", "accepted without a serial number")
        return Accepted(serial_of(biz_id), message.segments)

    def receipts(self, phone: str, since: datetime, until: datetime) -> Sequence[DeliveryReceipt]:
        """One question a day of China's calendar, as the vendor asks for."""
        found: list[DeliveryReceipt] = []
        for day in _days(since, until):
            request = {"PhoneNumber": vendors_number(phone), "SendDate": f"{day:%Y%m%d}"}
            for answer in self._pages("QuerySendDetails", request, "CurrentPage"):
                items = (answer.get("SmsSendDetailDTOs") or {}).get("SmsSendDetailDTO") or []
                found += [receipt for item in items if (receipt := pulled(item, since, until)) is not None]
        return found

    def registered(self) -> Mapping[str, RegisteredTemplate]:
        """What the carrier says of the texts whose codes we have. Raises as `send`."""
        names = {code: name for name, code in self._template_codes.items()}
        answers = self._pages("QuerySmsTemplateList", {}, "PageIndex")
        told = [registered_template(item) for answer in answers for item in answer.get("SmsTemplateList") or []]
        return {names[template.template_id]: template for template in told if template.template_id in names}

    def _pages(self, action: str, request: Mapping[str, str], page: str) -> Iterator[dict[str, Any]]:
        for number in range(1, MOST_PAGES + 1):
            answer = self._call(action, {**request, "PageSize": str(MOST_ON_A_PAGE), page: str(number)})
            yield answer
            if number * MOST_ON_A_PAGE >= int(answer.get("TotalCount") or 0):
                return

    def _call(self, action: str, request: Mapping[str, str]) -> dict[str, Any]:
        # A new client for each call: the SDK's client is not thread-safe, and it costs little beside the request.
        account = (self._account.key_id, self._account.key_secret)
        client = AcsClient(*account, auto_retry=False, connect_timeout=CONNECT_S, timeout=ANSWER_S)
        session = client.session = _Session()  # in place of the SDK's own copy of an old `requests`
        try:
            body = client.do_action_with_exception(self._request(action, request))
            answer = json.loads(body)
        except (ClientException, ServerException) as fault:
            # `from None`: the SDK's text quotes the address of the request, with the key's id in it
            raise (_never_sent(session) or TABLE.error_of(str(fault.get_error_code()))) from None
        except (ValueError, AttributeError, IndexError, TypeError):
            raise SmsUnknown("SDK.UnknownServerError", "an answer that is none") from None
        finally:
            session.close()
        if not isinstance(answer, dict) or answer.get("Code") != "OK":
            raise TABLE.error_of(str(answer.get("Code") or "no code") if isinstance(answer, dict) else "no code")
        return answer

    def _request(self, action: str, request: Mapping[str, str]) -> Any:
        """The parameters stand in the body: servers log addresses, and these hold numbers and codes."""
        asked = CommonRequest(domain=self._endpoint, version=VERSION, action_name=action)
        asked.set_method("POST")
        asked.set_protocol_type(self._scheme)
        asked.set_accept_format("json")
        for name, value in request.items():
            asked.add_body_params(name, value)
        return asked


class _Session(requests.Session):
    """Keeps the network fault, which the SDK tells as text only."""

    fault: requests.RequestException | None = None

    def send(self, request: Any, **how: Any) -> requests.Response:
        try:
            return super().send(request, **how)
        except requests.RequestException as fault:
            self.fault = fault
            raise


def send_request(template_code: str, phone: str, message: SmsMessage, out_id: str) -> dict[str, str]:
    """The parameters of SendSms for one phone."""
    request = {
        "PhoneNumbers": vendors_number(phone),
        "SignName": message.signature,
        "TemplateCode": template_code,
        "OutId": out_id,
    }
    variables = as_registered(message)
    return request | ({"TemplateParam": json.dumps(variables, ensure_ascii=False)} if variables else {})


def vendors_number(phone: str) -> str:
    """Of an E.164 number: 11 digits of the mainland, or country code and number."""
    country, national = parts(phone)
    return national if is_mainland(phone) else country + national


def _days(since: datetime, until: datetime) -> list[date]:
    first, last = since.astimezone(CHINA).date(), until.astimezone(CHINA).date()
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _never_sent(session: _Session) -> SmsRetryLater | None:
    return SmsRetryLater(NO_CONNECTION, "the carrier cannot be reached") if was_never_made(session.fault) else None
