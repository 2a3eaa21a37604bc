"""What the strict carrier refuses, and what the adapter makes of it."""

from __future__ import annotations

import http.client
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sms.errors import SmsError, SmsRefused, SmsRetryLater
from sms.simulator.inbox import PhoneInbox
from sms.simulator.server import serving
from sms.templates import TEMPLATES, SmsMessage, SmsTemplate
from sms.tencent.sender import TencentAccount, TencentSender
from tests.factories.carriers import PHONE, SIGNATURE, ready, verification
from tests.factories.tencent import ACCOUNT, IDS, KEY, sender, strict


@pytest.mark.parametrize(
    ("account", "code"),
    [
        (TencentAccount("AKIDexample", "another-key", "1400006666"), "AuthFailure.SignatureFailure"),
        (TencentAccount("AKIDother", KEY, "1400006666"), "AuthFailure.SecretIdNotFound"),
        (TencentAccount("AKIDexample", KEY, "1400007777"), "UnauthorizedOperation.SmsSdkAppIdVerifyFail"),
    ],
)
def test_wrong_credentials_are_refused_with_an_alarm(tmp_path: Path, account: TencentAccount, code: str) -> None:
    with sender(strict(tmp_path), account) as tencent_sms, pytest.raises(SmsRefused) as caught:
        tencent_sms.send(PHONE, ready(), "n")
    assert caught.value.code == code
    assert caught.value.alarm


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_clock_that_is_more_than_five_minutes_off_is_refused(tmp_path: Path, minutes: int) -> None:
    with (
        sender(strict(tmp_path, skew=timedelta(minutes=minutes))) as tencent_sms,
        pytest.raises(SmsRefused, match="SignatureExpire"),
    ):
        tencent_sms.send(PHONE, ready(), "n")


def unchecked(template: SmsTemplate, *variables: str, signature: str = SIGNATURE) -> SmsMessage:
    """A message that our own checks would not let be made, to see what the carrier says."""
    message = object.__new__(SmsMessage)
    for name, value in (("template", template), ("variables", variables), ("signature", signature)):
        object.__setattr__(message, name, value)
    return message


T1, CODE = TEMPLATES["ready_t1"], TEMPLATES["one_time_code"]


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (unchecked(T1, "K7M2QX", signature="别的医院"), "FailedOperation.SignatureIncorrectOrUnapproved"),
        (unchecked(T1), "FailedOperation.TemplateParamSetNotMatchApprovedTemplate"),
        (unchecked(T1, "A", "B"), "FailedOperation.TemplateParamSetNotMatchApprovedTemplate"),
        (unchecked(T1, "K7M2QXY"), "InvalidParameterValue.TemplateParameterLengthLimit"),
        (unchecked(T1, "http://a.cn/x"), "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter"),
        (unchecked(CODE, "12a456"), "InvalidParameterValue.TemplateParameterFormatError"),
        (unchecked(CODE, "1234567"), "InvalidParameterValue.TemplateParameterFormatError"),
    ],
)
def test_the_carrier_refuses_what_our_own_checks_refuse(tmp_path: Path, message: SmsMessage, code: str) -> None:
    with sender(strict(tmp_path)) as tencent_sms, pytest.raises(SmsRefused) as caught:
        tencent_sms.send(PHONE, message, "n")
    assert caught.value.code == code
    assert PhoneInbox(tmp_path / "carrier.db").messages(PHONE) == []


def test_a_template_without_registered_id_never_reaches_the_carrier(tmp_path: Path) -> None:
    with serving(strict(tmp_path)) as endpoint:
        bare = TencentSender(ACCOUNT, {}, endpoint=endpoint, scheme="http")
        with pytest.raises(SmsRefused, match="no registered id"):
            bare.send(PHONE, ready(), "n")


def test_a_notice_with_a_variable_is_refused_where_the_account_may_send_none(tmp_path: Path) -> None:
    carrier = strict(tmp_path)
    plain = replace(carrier, account=replace(carrier.account, notice_variables=False))
    with sender(plain) as tencent_sms:
        with pytest.raises(SmsRefused) as caught:
            tencent_sms.send(PHONE, ready(), "n")
        tencent_sms.send(PHONE, verification(), "n")
    assert (caught.value.code, caught.value.alarm) == ("InvalidParameterValue.UnsupportedTemplateVariable", True)


def test_an_unapproved_template_id_is_refused(tmp_path: Path) -> None:
    with serving(strict(tmp_path)) as endpoint:
        wrong = TencentSender(ACCOUNT, {"ready_t1": "1"}, endpoint=endpoint, scheme="http")
        with pytest.raises(SmsRefused, match="1014"):
            wrong.send(PHONE, ready(), "n")


@pytest.mark.parametrize("phone", ["+8612900000000", "+861390000000"])
def test_a_number_outside_the_mainland_plan_is_refused(tmp_path: Path, phone: str) -> None:
    with sender(strict(tmp_path)) as tencent_sms, pytest.raises(SmsRefused, match="1016") as caught:
        tencent_sms.send(phone, ready(), "n")
    assert phone[1:] not in str(caught.value)


def test_a_session_context_of_512_bytes_is_refused(tmp_path: Path) -> None:
    with sender(strict(tmp_path)) as tencent_sms:
        with pytest.raises(SmsRefused):
            tencent_sms.send(PHONE, ready(), "x" * 512)
        assert tencent_sms.send(PHONE, ready(), "x" * 511).serial


def test_frequency_limits_ask_to_come_back(tmp_path: Path) -> None:
    with sender(strict(tmp_path, per_hour=2, per_day=9)) as tencent_sms:
        tencent_sms.send(PHONE, ready("AAAAA2"), "n")
        with pytest.raises(SmsRetryLater, match="1023"):
            tencent_sms.send(PHONE, ready("AAAAA2"), "n")
        tencent_sms.send(PHONE, ready("AAAAA3"), "n")
        with pytest.raises(SmsRetryLater, match="1024") as caught:
            tencent_sms.send(PHONE, ready("AAAAA4"), "n")
    assert caught.value.after_s == 3600


def raw_call(endpoint: str, headers: dict[str, str], body: bytes) -> Any:
    connection = http.client.HTTPConnection(endpoint, timeout=5)
    try:
        connection.request("POST", "/", body, {"Content-Type": "application/json", **headers})
        return json.loads(connection.getresponse().read())["Response"]
    finally:
        connection.close()


def test_an_unsigned_or_replayed_foreign_call_gets_nothing(tmp_path: Path) -> None:
    with serving(strict(tmp_path)) as endpoint:
        answer = raw_call(endpoint, {"X-TC-Action": "SendSms"}, b"{}")
    assert answer["Error"]["Code"] == "AuthFailure.InvalidAuthorization"


def test_more_than_two_hundred_numbers_are_refused_at_once(tmp_path: Path) -> None:
    carrier = strict(tmp_path)
    request = {
        "PhoneNumberSet": [PHONE] * 201,
        "SmsSdkAppId": ACCOUNT.app_id,
        "TemplateId": IDS["ready_t0"],
        "SignName": SIGNATURE,
    }
    with sender(carrier) as tencent_sms, pytest.raises(SmsError, match="PhoneNumberCountLimit"):
        tencent_sms._call("SendSms", request)


@pytest.mark.parametrize("changes", [{"Limit": 101}, {"Limit": 0}])
def test_more_than_a_hundred_receipts_at_once_cannot_be_pulled(tmp_path: Path, changes: dict[str, int]) -> None:
    request = {"PhoneNumber": PHONE, "BeginTime": 0, "EndTime": 1, "Offset": 0, "SmsSdkAppId": "1", **changes}
    with sender(strict(tmp_path)) as tencent_sms, pytest.raises(SmsRefused, match="InvalidParameters"):
        tencent_sms._call("PullSmsSendStatusByPhoneNumber", request)


def test_a_daily_limit_asks_to_come_back_tomorrow(tmp_path: Path) -> None:
    with sender(strict(tmp_path, per_hour=9, per_day=2)) as tencent_sms:
        for code in ("AAAAA2", "AAAAA3"):
            tencent_sms.send(PHONE, ready(code), "n")
        with pytest.raises(SmsRetryLater, match="1025") as caught:
            tencent_sms.send(PHONE, ready("AAAAA4"), "n")
    assert caught.value.after_s == 86_400
