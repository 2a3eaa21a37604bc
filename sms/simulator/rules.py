"""The rules of the simulated carrier: what SendSms refuses, what it charges, and how special numbers behave.

The in-process form (`carrier`) and the HTTP form (`server`) share them. They refuse what the real carrier refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from sqlite3 import Connection
from typing import Any
from uuid import uuid4

from sms.errors import InvalidPhone
from sms.phone import is_mainland, normalise
from sms.simulator.inbox import put, transaction
from sms.templates import CODE_LENGTH, LONGEST_TEXT, SmsTemplate, contains_link, segments

MOST_NUMBERS = 200
CONTEXT_BYTES = 512


@dataclass(frozen=True)
class Behaviour:
    """How a number behaves. `code`: SendStatus; `arrives`: the phone shows the message; `receipt`: (status, errmsg) or
    None."""

    code: str = "Ok"
    arrives: bool = True
    receipt: tuple[str, str] | None = ("SUCCESS", "DELIVRD")
    only_first: bool = False
    drops_connection: bool = False


ORDINARY = Behaviour()
MAGIC: Mapping[str, Behaviour] = {
    "+8617000000001": Behaviour(arrives=False, receipt=("FAIL", "UNDELIV")),
    "+8617000000002": Behaviour("FailedOperation.PhoneNumberInBlacklist", arrives=False, receipt=None),
    "+8617000000003": Behaviour("InvalidParameterValue.IncorrectPhoneNumber", arrives=False, receipt=None),
    "+8617000000004": Behaviour("InternalError.SendAndRecvFail"),
    "+8617000000005": Behaviour("InternalError.SendAndRecvFail", arrives=False, receipt=None),
    "+8617000000006": Behaviour(
        "LimitExceeded.PhoneNumberThirtySecondLimit", arrives=False, receipt=None, only_first=True
    ),
    "+8617000000007": Behaviour(drops_connection=True),
    "+8617000000008": Behaviour(receipt=None),
    "+8617000000009": Behaviour("FailedOperation.InsufficientBalanceInSmsPackage", arrives=False, receipt=None),
}
"""By last digit: 1 taken, never arrives · 2 blacklist · 3 no such number · 4 time-out behind the carrier, arrives ·
5 the same, never arrives · 6 the first try times out, the next is taken · 7 taken, no answer · 8 taken, no receipt ·
9 no balance."""


class ApiError(Exception):
    """The whole request is refused. `code` is the value of Response.Error.Code."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class ConnectionDropped(Exception):
    """The carrier took the request, and its answer gets lost."""


@dataclass(frozen=True)
class FrequencyLimits:
    """Limits that a customer sets in the carrier's console. Code 1023: seconds between equal texts; 1024 and 1025:
    messages an hour and a day."""

    same_text_s: int = 30
    per_hour: int = 5
    per_day: int = 10


@dataclass(frozen=True)
class CarrierAccount:
    """What the carrier approved: application, signatures, templates by id."""

    app_id: str
    signatures: frozenset[str]
    templates: Mapping[str, SmsTemplate] = field(repr=False)
    limits: FrequencyLimits = FrequencyLimits()
    foreign: frozenset[str] = frozenset()
    """Ids of templates for foreign numbers."""
    notice_variables: bool = True
    """False as for most accounts: a notice may hold no variable."""
    reviews: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    """By template id StatusCode and ReviewReply of what is not approved."""


def send_sms(path: Path, account: CarrierAccount, request: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Answer one SendSms call. Taken messages are durable in the file. Raises ApiError, ConnectionDropped."""
    numbers = _whole_request(account, request)
    template = account.templates.get(request["TemplateId"])
    with transaction(path) as connection:
        statuses = [_one(connection, account, template, request, number, now) for number in numbers]
    if any(MAGIC.get(status["PhoneNumber"], ORDINARY).drops_connection for status in statuses):
        raise ConnectionDropped
    return {"SendStatusSet": statuses}


def _whole_request(account: CarrierAccount, request: Mapping[str, Any]) -> list[str]:
    for name in ("PhoneNumberSet", "SmsSdkAppId", "TemplateId"):
        if name not in request:
            raise ApiError("MissingParameter")
    numbers, variables = request["PhoneNumberSet"], request.get("TemplateParamSet", [])
    texts = [request.get(name, "") for name in ("SmsSdkAppId", "TemplateId", "SignName", "SessionContext")]
    lists = isinstance(numbers, list) and isinstance(variables, list)
    if not lists or not all(isinstance(text, str) for text in (*numbers, *variables, *texts)):
        raise ApiError("InvalidParameter")
    if not numbers:
        raise ApiError("MissingParameter.EmptyPhoneNumberSet")
    if len(numbers) > MOST_NUMBERS:
        raise ApiError("LimitExceeded.PhoneNumberCountLimit")
    if len(request.get("SessionContext", "").encode()) >= CONTEXT_BYTES:
        raise ApiError("InvalidParameter.InvalidParameters")
    if len({number.startswith("+") and not is_mainland(number) for number in numbers}) > 1:
        raise ApiError("UnsupportedOperation.ContainDomesticAndInternationalPhoneNumber")
    if request["SmsSdkAppId"] != account.app_id:
        raise ApiError("UnauthorizedOperation.SmsSdkAppIdVerifyFail")
    return list(numbers)


def _one(
    connection: Connection,
    account: CarrierAccount,
    template: SmsTemplate | None,
    request: Mapping[str, Any],
    number: str,
    now: datetime,
) -> dict[str, Any]:
    variables = tuple(request.get("TemplateParamSet", []))
    signature = request.get("SignName", "")
    try:
        phone = normalise(number)
    except InvalidPhone:
        return _status(number, request, "InvalidParameterValue.IncorrectPhoneNumber")
    refused = _refusal(account, template, signature, variables) or _wrong_region(account, request["TemplateId"], phone)
    if refused or template is None:
        return _status(phone, request, refused or "FailedOperation.TemplateIncorrectOrUnapproved")
    text = _text(template, signature, variables)
    refused = _too_often(connection, account.limits, phone, text, now)
    if refused:
        return _status(phone, request, refused)
    behaviour = MAGIC.get(phone, ORDINARY)
    if behaviour.only_first and _tried(connection, phone):
        behaviour = ORDINARY
    if behaviour.arrives:
        put(connection, phone, signature, text, now)
    if behaviour.code == "Ok" or behaviour.arrives or behaviour.only_first:
        serial = _submit(connection, phone, text, request.get("SessionContext", ""), behaviour, now)
    if behaviour.code != "Ok":
        return _status(phone, request, behaviour.code)
    return _status(phone, request, "Ok", serial=serial, fee=segments(text))


def _wrong_region(account: CarrierAccount, template_id: str, phone: str) -> str | None:
    if is_mainland(phone) and template_id in account.foreign:
        return "UnsupportedOperation.GlobalTemplateToChineseMainlandPhone"
    if not is_mainland(phone) and template_id not in account.foreign:
        return "UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone"
    return None


def _refusal(
    account: CarrierAccount, template: SmsTemplate | None, signature: str, variables: tuple[str, ...]
) -> str | None:
    if signature not in account.signatures:
        return "FailedOperation.SignatureIncorrectOrUnapproved"
    if template is None:
        return "FailedOperation.TemplateIncorrectOrUnapproved"
    if variables and not template.is_verification and not account.notice_variables:
        return "InvalidParameterValue.UnsupportedTemplateVariable"
    if len(variables) != template.variable_count:
        return "FailedOperation.TemplateParamSetNotMatchApprovedTemplate"
    if template.is_verification and not all(
        value.isascii() and value.isdigit() and len(value) <= CODE_LENGTH for value in variables
    ):
        return "InvalidParameterValue.TemplateParameterFormatError"
    if any(contains_link(value) for value in variables):
        return "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter"
    if any(len(value) > CODE_LENGTH for value in variables):
        return "InvalidParameterValue.TemplateParameterLengthLimit"
    if len(_text(template, signature, variables)) > LONGEST_TEXT:
        return "InvalidParameterValue.ContentLengthLimit"
    return None


def _text(template: SmsTemplate, signature: str, variables: tuple[str, ...]) -> str:
    # Written again here: a carrier fills templates itself and does not trust the sender's rendering.
    body = template.body
    for position, value in enumerate(variables, 1):
        body = body.replace(f"{{{position}}}", value)
    return f"【{signature}】{body}"


def _too_often(connection: Connection, limits: FrequencyLimits, phone: str, text: str, now: datetime) -> str | None:
    rows = connection.execute(
        "SELECT text, at FROM submission WHERE phone = ? AND text != '' AND at > ?",
        (phone, _day_before(now).isoformat()),
    ).fetchall()
    taken = [(row["text"], now - datetime.fromisoformat(row["at"])) for row in rows]
    if any(earlier == text and age < timedelta(seconds=limits.same_text_s) for earlier, age in taken):
        return "LimitExceeded.PhoneNumberThirtySecondLimit"
    if sum(age < timedelta(hours=1) for _, age in taken) >= limits.per_hour:
        return "LimitExceeded.PhoneNumberOneHourLimit"
    return "LimitExceeded.PhoneNumberDailyLimit" if len(taken) >= limits.per_day else None


def _day_before(now: datetime) -> datetime:
    return now - timedelta(days=1)


def _tried(connection: Connection, phone: str) -> bool:
    return connection.execute("SELECT 1 FROM submission WHERE phone = ?", (phone,)).fetchone() is not None


def _submit(connection: Connection, phone: str, text: str, context: str, behaviour: Behaviour, now: datetime) -> str:
    serial = f"2640:{uuid4().int % 10**20:020d}"
    # A first try that was not taken is stored without its text, so it counts for no limit.
    kept_text = "" if behaviour.only_first else text
    receipt = ":".join(behaviour.receipt) if behaviour.receipt else None
    connection.execute(
        "INSERT INTO submission (serial, phone, text, session_context, at, receipt, receipt_at) VALUES (?,?,?,?,?,?,?)",
        (serial, phone, kept_text, context, now.isoformat(), receipt, now.isoformat() if receipt else None),
    )
    return serial


def _status(phone: str, request: Mapping[str, Any], code: str, *, serial: str = "", fee: int = 0) -> dict[str, Any]:
    return {
        "SerialNo": serial,
        "PhoneNumber": phone,
        "Fee": fee,
        "SessionContext": request.get("SessionContext", ""),
        "Code": code,
        "Message": "send success" if code == "Ok" else f"{code} for {phone}",
        "IsoCode": "CN" if is_mainland(phone) else "",
    }
