"""Sends through Tencent Cloud SMS (API 2021-01-11) with the official SDK, and says what its answers mean.

Source: cloud.tencent.com/document/api/382/55981 (SendSms), 382/59177 (codes), 382/38780 (common codes).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

import requests
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.sms.v20210111 import models
from tencentcloud.sms.v20210111.sms_client import SmsClient
from urllib3.exceptions import NewConnectionError

from sms.errors import SendingError, SmsRefused, SmsRetryLater, SmsUnknown
from sms.sender import Accepted, DeliveryReceipt
from sms.templates import SmsMessage
from sms.tencent.callback import printable

TIMEOUT_S = 8
MOST_RECEIPTS = 100
NO_TEMPLATE_ID = "no template id"
NO_CONNECTION = "no connection"
"""Our own codes, beside the carrier's. They mean that no request reached the carrier."""

# At debug level the SDK would log whole requests with phone numbers.
logging.getLogger("tencentcloud_sdk_common").setLevel(logging.WARNING)


class Outcome(Enum):
    """What a code means. REFUSED, ALARM: final. RETRY: the message was not taken. UNKNOWN: it may have been taken."""

    REFUSED = "refused"
    ALARM = "alarm"
    RETRY = "retry"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Meaning:
    outcome: Outcome
    reason: str
    after_s: int = 0


# A code that is not listed has the meaning of its family (the part before the dot). An unlisted family is UNKNOWN, so
# that a new code never causes a second sending. The numbers in the reasons are those of the older API.
CODES: Mapping[str, Meaning] = {
    "FailedOperation.PhoneNumberInBlacklist": Meaning(Outcome.REFUSED, "1015: the owner refuses such messages"),
    "InvalidParameterValue.IncorrectPhoneNumber": Meaning(Outcome.REFUSED, "1016: no such number"),
    "FailedOperation.PhoneNumberParseFail": Meaning(Outcome.REFUSED, "1016: the number cannot be read"),
    "InvalidParameterValue.ContentLengthLimit": Meaning(Outcome.REFUSED, "1017: too long"),
    "LimitExceeded.PhoneNumberSameContentDailyLimit": Meaning(Outcome.REFUSED, "1026: same content too often"),
    "FailedOperation.ContainSensitiveWord": Meaning(Outcome.ALARM, "1002: a word is not allowed"),
    "FailedOperation.SignatureIncorrectOrUnapproved": Meaning(Outcome.ALARM, "1012: signature not approved"),
    "FailedOperation.TemplateIncorrectOrUnapproved": Meaning(Outcome.ALARM, "1014: template not approved"),
    "FailedOperation.TemplateUnapprovedOrNotExist": Meaning(Outcome.ALARM, "1014: template does not exist"),
    "FailedOperation.TemplateParamSetNotMatchApprovedTemplate": Meaning(Outcome.ALARM, "1014: wrong variables"),
    "InvalidParameterValue.TemplateParameterFormatError": Meaning(Outcome.ALARM, "a code must be up to 6 digits"),
    "InvalidParameterValue.TemplateParameterLengthLimit": Meaning(Outcome.ALARM, "a variable is too long"),
    "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter": Meaning(Outcome.ALARM, "1048: link in a variable"),
    "FailedOperation.InsufficientBalanceInSmsPackage": Meaning(Outcome.ALARM, "1031: the package is used up"),
    "UnauthorizedOperation.ServiceSuspendDueToArrears": Meaning(Outcome.ALARM, "suspended, the bill is not paid"),
    "InternalError.RequestTimeException": Meaning(Outcome.ALARM, "this machine's clock is wrong"),
    "InternalError.SigVerificationFail": Meaning(Outcome.ALARM, "1001: the signature does not hold"),
    "InternalError.SigFieldMissing": Meaning(Outcome.ALARM, "1003: the request is not signed"),
    "InternalError.RestApiInterfaceNotExist": Meaning(Outcome.ALARM, "1011: no such interface"),
    "LimitExceeded.PhoneNumberThirtySecondLimit": Meaning(Outcome.RETRY, "1023: same content within 30 s", 30),
    "LimitExceeded.PhoneNumberOneHourLimit": Meaning(Outcome.RETRY, "1024: hourly limit of this phone", 3600),
    "LimitExceeded.PhoneNumberDailyLimit": Meaning(Outcome.RETRY, "1025: daily limit of this phone", 86_400),
    "LimitExceeded.DeliveryFrequencyLimit": Meaning(Outcome.RETRY, "1013: frequency limit", 60),
    "LimitExceeded.AppDailyLimit": Meaning(Outcome.RETRY, "daily limit of the account", 3600),
    "LimitExceeded.AppMainlandChinaDailyLimit": Meaning(Outcome.RETRY, "daily limit of the account", 3600),
    "InternalError.Timeout": Meaning(Outcome.RETRY, "60008: not handed on in time"),
    "InternalError.SendAndRecvFail": Meaning(Outcome.UNKNOWN, "1008: the network behind did not answer"),
    "ClientError": Meaning(Outcome.ALARM, "the SDK refused the request"),
    "ClientParamsError": Meaning(Outcome.ALARM, "the SDK refused the request"),
    "ClientNetworkError": Meaning(Outcome.UNKNOWN, "no answer"),
    "ServerNetworkError": Meaning(Outcome.UNKNOWN, "an answer that is none"),
    "RequestLimitExceeded": Meaning(Outcome.RETRY, "too many calls a second", 1),
    "LimitExceeded": Meaning(Outcome.RETRY, "a limit of the account", 600),
    "InternalError": Meaning(Outcome.UNKNOWN, "an error inside the carrier"),
    "FailedOperation": Meaning(Outcome.REFUSED, "the operation failed"),
    "InvalidParameter": Meaning(Outcome.ALARM, "a parameter is wrong"),
    "InvalidParameterValue": Meaning(Outcome.REFUSED, "a value is wrong"),
    "MissingParameter": Meaning(Outcome.ALARM, "a parameter is missing"),
    "UnauthorizedOperation": Meaning(Outcome.ALARM, "the account may not do this"),
    "UnsupportedOperation": Meaning(Outcome.REFUSED, "not for this number"),
    "AuthFailure": Meaning(Outcome.ALARM, "the credentials do not hold"),
}


def error_of(code: str, *, serial: str | None = None) -> SendingError:
    """The exception for a code of the carrier. The carrier's message is left out: it may quote the phone number."""
    meaning = _meaning(code)
    if meaning.outcome is Outcome.UNKNOWN:
        return SmsUnknown(code, meaning.reason, serial=serial)
    if meaning.outcome is Outcome.RETRY:
        return SmsRetryLater(code, meaning.reason, after_s=meaning.after_s)
    return SmsRefused(code, meaning.reason, alarm=meaning.outcome is Outcome.ALARM)


def is_alarm(code: str) -> bool:
    """Whether every further message fails too, until somebody acts."""
    return code == NO_TEMPLATE_ID or _meaning(code).outcome is Outcome.ALARM


def _meaning(code: str) -> Meaning:
    return CODES.get(code) or CODES.get(code.partition(".")[0]) or Meaning(Outcome.UNKNOWN, "an unlisted code")


def accepted(status: Mapping[str, Any]) -> Accepted:
    """The acceptance in one item of SendStatusSet. Raises the error of its code."""
    serial = str(status.get("SerialNo") or "")
    if status.get("Code") != "Ok":
        raise error_of(str(status.get("Code") or "no code"), serial=serial or None)
    if not serial:
        raise SmsUnknown("Ok", "accepted without a serial number")
    return Accepted(serial, int(status.get("Fee") or 0))


@dataclass(frozen=True)
class TencentAccount:
    secret_id: str = field(repr=False)
    secret_key: str = field(repr=False)
    app_id: str
    region: str = "ap-guangzhou"


class TencentSender:
    """SmsSender over the vendor's API. `template_ids`: our template name -> registered id."""

    def __init__(
        self, account: TencentAccount, template_ids: Mapping[str, str], *, endpoint: str = "", scheme: str = "https"
    ) -> None:
        """`endpoint` (host or host:port) and `scheme` are for the servers of another region and for tests."""
        self._account = account
        self._template_ids = dict(template_ids)
        profile = HttpProfile(protocol=scheme, endpoint=endpoint or None, reqTimeout=TIMEOUT_S)
        self._profile = ClientProfile(httpProfile=profile)

    def send(self, phone: str, message: SmsMessage, session_context: str) -> Accepted:
        template_id = self._template_ids.get(message.template.name)
        if template_id is None:
            raise SmsRefused(NO_TEMPLATE_ID, f"{message.template.name} has no registered id", alarm=True)
        answer = self._call(
            "SendSms",
            send_request(self._account.app_id, template_id, phone, message, session_context),
        )
        statuses = answer.get("SendStatusSet") or [{}]
        return accepted(statuses[0])

    def receipts(self, phone: str, since: datetime, until: datetime) -> Sequence[DeliveryReceipt]:
        request = {
            "BeginTime": int(since.timestamp()),
            "EndTime": int(until.timestamp()),
            "Offset": 0,
            "Limit": MOST_RECEIPTS,
            "PhoneNumber": phone,
            "SmsSdkAppId": self._account.app_id,
        }
        answer = self._call("PullSmsSendStatusByPhoneNumber", request)
        return [pulled(item) for item in answer.get("PullSmsSendStatusSet") or []]

    def _call(self, action: str, request: Mapping[str, Any]) -> dict[str, Any]:
        # A new client for each call: the SDK's client is not thread-safe, and it costs little beside the request.
        client = SmsClient(
            Credential(self._account.secret_id, self._account.secret_key), self._account.region, self._profile
        )
        model = getattr(models, f"{action}Request")()
        model.from_json_string(json.dumps(request))
        try:
            answer = getattr(client, action)(model)
        except TencentCloudSDKException as fault:
            # `from None`: the SDK's text quotes the request, and its cause describes the whole connection.
            raise (_never_sent(fault) or error_of(str(fault.get_code()))) from None
        read: dict[str, Any] = json.loads(answer.to_json_string())
        return read


def send_request(
    app_id: str, template_id: str, phone: str, message: SmsMessage, session_context: str
) -> dict[str, Any]:
    """The parameters of SendSms for one phone."""
    return {
        "PhoneNumberSet": [phone],
        "SmsSdkAppId": app_id,
        "TemplateId": template_id,
        "SignName": message.signature,
        "TemplateParamSet": list(message.variables),
        "SessionContext": session_context,
    }


def pulled(item: Mapping[str, Any]) -> DeliveryReceipt:
    """The receipt in one item of PullSmsSendStatusSet."""
    return DeliveryReceipt(
        serial=str(item.get("SerialNo") or ""),
        phone=str(item.get("PhoneNumber") or ""),
        delivered=item.get("ReportStatus") == "SUCCESS",
        code=printable(str(item.get("Description") or "")),
        session_context=str(item.get("SessionContext") or ""),
    )


def _never_sent(fault: TencentCloudSDKException) -> SmsRetryLater | None:
    """SmsRetryLater when no connection was made, so that no request was sent; None for every other network fault."""
    cause = fault.__context__
    reason = getattr(cause.args[0], "reason", None) if cause is not None and cause.args else None
    if isinstance(cause, requests.exceptions.ConnectTimeout) or isinstance(reason, NewConnectionError):
        return SmsRetryLater(NO_CONNECTION, "the carrier cannot be reached")
    return None
