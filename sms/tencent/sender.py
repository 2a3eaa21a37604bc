"""Sends through Tencent Cloud SMS (API 2021-01-11) with the official SDK. What its codes mean is `codes`.

Source: cloud.tencent.com/document/api/382/55981 (SendSms), 382/52077 (PullSmsSendStatusByPhoneNumber).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.common.retry import NoopRetryer
from tencentcloud.sms.v20210111 import models
from tencentcloud.sms.v20210111.sms_client import SmsClient

from sms.connection import was_never_made
from sms.errors import NO_CONNECTION, NO_TEMPLATE_ID, SmsRefused, SmsRetryLater, SmsUnknown
from sms.registration import RegisteredTemplate, Review, registered_name
from sms.sender import Accepted, DeliveryReceipt, printable
from sms.templates import SmsMessage
from sms.tencent.codes import TABLE

TIMEOUTS_S = (3.0, 10.0)
"""To connect, and to wait for an answer. The SDK hands them to requests as they are; its own is a minute."""
MOST_RECEIPTS = 100
ENDPOINT: str | None = None
"""None: the region's own door, as the SDK knows it."""
# At debug level the SDK would log whole requests with phone numbers.
logging.getLogger("tencentcloud_sdk_common").setLevel(logging.WARNING)


def accepted(status: Mapping[str, Any]) -> Accepted:
    """The acceptance in one item of SendStatusSet. Raises the error of its code."""
    serial = str(status.get("SerialNo") or "")
    if status.get("Code") != "Ok":
        raise TABLE.error_of(str(status.get("Code") or "no code"), serial=serial or None)
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
        self,
        account: TencentAccount,
        template_ids: Mapping[str, str],
        *,
        endpoint: str | None = None,
        scheme: str = "https",
    ) -> None:
        """`endpoint` (host or host:port) and `scheme` are for the servers of another region and for tests."""
        self._account = account
        self._template_ids = dict(template_ids)
        profile = HttpProfile(protocol=scheme, endpoint=endpoint or ENDPOINT, reqTimeout=TIMEOUTS_S)
        # The SDK's other retryer repeats a request whose answer got lost: that doubles messages.
        self._profile = ClientProfile(httpProfile=profile, retryer=NoopRetryer())

    def send(self, phone: str, message: SmsMessage, session_context: str) -> Accepted:
        name = registered_name(message.template.name, phone)
        template_id = self._template_ids.get(name)
        if template_id is None:
            raise SmsRefused(NO_TEMPLATE_ID, f"{name} has no registered id", alarm=True)
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

    def registered(self) -> Mapping[str, RegisteredTemplate]:
        """What the carrier says of the texts whose ids we have. Raises as `send`."""
        ids = {template_id: name for name, template_id in self._template_ids.items() if template_id.isdigit()}
        request = {"International": 0, "TemplateIdSet": [int(template_id) for template_id in ids]}
        answer = self._call("DescribeSmsTemplateList", request)
        told = [registered_template(item) for item in answer.get("DescribeTemplateStatusSet") or []]
        return {ids[template.template_id]: template for template in told if template.template_id in ids}

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
            raise (_never_sent(fault) or TABLE.error_of(str(fault.get_code()))) from None
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


_REVIEWS = {0: Review.APPROVED, 1: Review.IN_REVIEW, 2: Review.NOT_IN_FORCE, -1: Review.REFUSED}


def registered_template(item: Mapping[str, Any]) -> RegisteredTemplate:
    """One item of DescribeTemplateStatusSet (cloud.tencent.com/document/api/382/52067)."""
    submitted = item.get("CreateTime")
    return RegisteredTemplate(
        template_id=str(item.get("TemplateId") or ""),
        body=str(item.get("TemplateContent") or ""),
        review=_REVIEWS.get(int(item.get("StatusCode") or 0), Review.OTHER),
        reply=printable(str(item.get("ReviewReply") or "")),
        submitted_at=datetime.fromtimestamp(submitted, UTC) if submitted else None,
    )


def _never_sent(fault: TencentCloudSDKException) -> SmsRetryLater | None:
    never = was_never_made(fault.__context__)
    return SmsRetryLater(NO_CONNECTION, "the carrier cannot be reached") if never else None
