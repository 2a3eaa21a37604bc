"""The real adapter with the vendor's SDK, against a strict Aliyun over loopback HTTP."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sms.aliyun.callback import MOST_ITEMS, receipts_of, serial_of
from sms.aliyun.registration import VARIABLES
from sms.errors import InvalidCallback, SendingError, SmsRefused, SmsRetryLater, SmsUnknown
from sms.registration import findings
from sms.sender import DeliveryReceipt
from sms.simulator.aliyun import Text
from sms.simulator.inbox import PhoneInbox
from sms.templates import REGISTERED, SmsMessage
from tests.factories.aliyun import ACCOUNT, CODES, KEY, sender, strict
from tests.factories.carriers import PHONE, SIGNATURE, ready, verification


def notice() -> SmsMessage:
    return SmsMessage(REGISTERED["ready_t0_2"], (), SIGNATURE)


def now() -> datetime:
    return datetime.now(UTC)


def refusal(folder: Path, message: SmsMessage, phone: str = PHONE, **changes: Any) -> SendingError:
    carrier = strict(folder)
    for name, value in changes.items():
        setattr(carrier.carrier, name, value)
    with sender(carrier) as aliyun, pytest.raises(SendingError) as caught:
        aliyun.send(phone, message, "n")
    return caught.value


def test_a_signed_message_is_accepted_and_arrives_as_we_word_it(tmp_path: Path) -> None:
    with sender(strict(tmp_path)) as aliyun:
        for message in (notice(), ready("K7M2QX"), verification()):
            accepted = aliyun.send(PHONE, message, "n")
            assert accepted.serial.startswith("aliyun:")
            assert accepted.segments == 1
    texts = [message.text for message in PhoneInbox(tmp_path / "aliyun.db").messages(PHONE)]
    assert texts == [notice().text, ready("K7M2QX").text, verification().text]


def test_no_registered_text_has_more_variables_than_names() -> None:
    assert max(template.variable_count for template in REGISTERED.values()) == len(VARIABLES)


def test_receipts_are_pulled_by_number_and_time_with_what_we_sent_along(tmp_path: Path) -> None:
    since, carrier = now() - timedelta(minutes=2), strict(tmp_path)
    carrier.carrier.undelivered = frozenset({"13900000002"})
    with sender(carrier) as aliyun:
        aliyun.send(PHONE, notice(), "notification-1")
        aliyun.send("+8613900000002", notice(), "notification-2")
        assert aliyun.receipts(PHONE, since, now() + timedelta(minutes=2)) == [
            DeliveryReceipt("", PHONE, True, "DELIVERED", "notification-1")
        ]
        (failed,) = aliyun.receipts("+8613900000002", since, now() + timedelta(minutes=2))
        assert aliyun.receipts(PHONE, since - timedelta(days=1), since) == []
    assert (failed.delivered, failed.code) == (False, "MK:0001")


def test_more_receipts_than_a_page_holds_are_all_pulled(tmp_path: Path) -> None:
    carrier = strict(tmp_path)
    with sender(carrier) as aliyun:
        for number in range(60):
            carrier.carrier.send(
                {
                    "PhoneNumbers": "13900000001",
                    "SignName": SIGNATURE,
                    "TemplateCode": CODES["ready_t0_2" if number % 2 else "ready_t0"],
                    "OutId": f"n{number}",
                }
            )
        found = aliyun.receipts(PHONE, now() - timedelta(minutes=2), now() + timedelta(minutes=2))
    assert {receipt.session_context for receipt in found} == {f"n{number}" for number in range(60)}


def test_pushed_receipts_name_serial_and_number(tmp_path: Path) -> None:
    carrier, pushed = strict(tmp_path), list[DeliveryReceipt]()
    with sender(carrier) as aliyun:
        serial = aliyun.send(PHONE, notice(), "notification-1").serial
        foreign = aliyun.send("+85261234567", notice(), "notification-2").serial
    carrier.carrier.push(lambda items: bool(pushed.extend(receipts_of(items)) or True))
    assert [(one.serial, one.phone, one.session_context) for one in pushed] == [
        (serial, PHONE, "notification-1"),
        (foreign, "+85261234567", "notification-2"),
    ]


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        ("isv.BUSINESS_LIMIT_CONTROL", SmsRetryLater),
        ("Throttling.User", SmsRetryLater),
        ("isv.MOBILE_NUMBER_ILLEGAL", SmsRefused),
        ("isv.AMOUNT_NOT_ENOUGH", SmsRefused),
        ("isp.SYSTEM_ERROR", SmsUnknown),
        ("isv.OF_TOMORROW", SmsUnknown),
        ("SignatureNonceUsed", SmsUnknown),
        ("InternalError", SmsUnknown),
        ("ServiceUnavailable", SmsUnknown),
        ("lost", SmsUnknown),
        ("odd", SmsUnknown),
    ],
)
def test_a_code_means_what_it_means_and_a_request_is_made_once(
    tmp_path: Path, command: str, kind: type[SendingError]
) -> None:
    carrier = strict(tmp_path)
    carrier.carrier.commands = [command]
    with sender(carrier) as aliyun, pytest.raises(kind) as caught:
        aliyun.send(PHONE, verification("482913"), "n")
    assert len(carrier.seen) == 1, "the SDK asked again"
    told = f"{caught.value} {caught.value.__cause__}"
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    for secret in (PHONE, PHONE[3:], "482913", KEY, ACCOUNT.key_id):
        assert secret not in told


def test_no_connection_means_nothing_was_sent() -> None:
    from sms.aliyun.sender import AliyunSender

    with pytest.raises(SmsRetryLater, match="no connection"):
        AliyunSender(ACCOUNT, CODES, endpoint="127.0.0.1:1", scheme="http").send(PHONE, notice(), "n")


@pytest.mark.parametrize(
    ("account", "code"),
    [
        (replace(ACCOUNT, key_secret="another"), "SignatureDoesNotMatch"),
        (replace(ACCOUNT, key_id="LTAIother"), "InvalidAccessKeyId.NotFound"),
    ],
)
def test_wrong_credentials_are_refused_with_an_alarm(tmp_path: Path, account: Any, code: str) -> None:
    with sender(strict(tmp_path), account) as aliyun, pytest.raises(SmsRefused) as caught:
        aliyun.send(PHONE, notice(), "n")
    assert (caught.value.code, caught.value.alarm) == (code, True)


@pytest.mark.parametrize("minutes", [-16, 16])
def test_a_clock_that_is_a_quarter_of_an_hour_off_is_refused(tmp_path: Path, minutes: int) -> None:
    with sender(strict(tmp_path, skew=timedelta(minutes=minutes))) as aliyun, pytest.raises(SmsRefused) as caught:
        aliyun.send(PHONE, notice(), "n")
    assert (caught.value.code, caught.value.alarm) == ("InvalidTimeStamp.Expired", True)


def test_what_is_not_approved_is_refused(tmp_path: Path) -> None:
    unapproved = {CODES["ready_t0_2"]: Text("您的检查影像和报告已可查看。", status="AUDIT_STATE_INIT")}
    assert refusal(tmp_path, notice(), texts=unapproved).code == "isv.SMS_TEMPLATE_ILLEGAL"
    assert refusal(tmp_path, notice(), texts={}).code == "isv.SMS_TEMPLATE_ILLEGAL"
    assert refusal(tmp_path, notice(), signatures=frozenset({"别的医院"})).code == "isv.SMS_SIGNATURE_ILLEGAL"
    assert refusal(tmp_path, ready(), notice_variables=False).code == "isv.TEMPLATE_PARAMS_ILLEGAL"


@pytest.mark.parametrize("phone", ["+8612345678901", "+86139000000", "+85261234567"])
def test_a_number_that_the_text_is_not_for_is_refused(tmp_path: Path, phone: str) -> None:
    assert refusal(tmp_path, ready(), phone).code in ("isv.MOBILE_NUMBER_ILLEGAL", "no template id")


def test_codes_to_one_number_have_a_limit_of_a_minute_and_notices_of_a_day(tmp_path: Path) -> None:
    carrier = strict(tmp_path)
    with sender(carrier) as aliyun:
        aliyun.send(PHONE, verification(), "n")
        with pytest.raises(SmsRetryLater, match="BUSINESS_LIMIT"):
            aliyun.send(PHONE, verification("482914"), "n")
        for _ in range(50):
            carrier.carrier.send(
                {"PhoneNumbers": "13900000001", "SignName": SIGNATURE, "TemplateCode": CODES["ready_t0_2"]}
            )
        with pytest.raises(SmsRetryLater, match="BUSINESS_LIMIT"):
            aliyun.send(PHONE, notice(), "n")
        aliyun.send("+8613900000002", notice(), "n")


def test_a_replayed_request_gets_nothing(tmp_path: Path) -> None:
    from sms.simulator.aliyun_server import signature_of
    from sms.simulator.rules import ApiError

    carrier = strict(tmp_path)
    asked = {
        "AccessKeyId": ACCOUNT.key_id,
        "SignatureNonce": "1",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "Timestamp": f"{now():%Y-%m-%dT%H:%M:%SZ}",
        "Version": "2017-05-25",
        "Action": "QuerySmsTemplateList",
    }
    asked["Signature"] = signature_of(asked, KEY)
    assert carrier.answer(asked, {})["Code"] == "OK"
    with pytest.raises(ApiError, match="SignatureNonceUsed"):
        carrier.answer(asked, {})
    with pytest.raises(ApiError, match="SignatureDoesNotMatch"):
        carrier.answer({**asked, "SignatureNonce": "2"}, {})


def test_the_registered_texts_are_told_as_ours(tmp_path: Path) -> None:
    carrier = strict(tmp_path)
    names = ["ready_t0_2", "one_time_code", "ready_t1"]
    with sender(carrier) as aliyun:
        assert [finding.is_fault for finding in findings(names, aliyun.registered())] == [False] * 3
        carrier.carrier.texts = {
            CODES["one_time_code"]: Text("您的验证码是${code}。", is_code=True),
            CODES["ready_t1"]: Text("x", status="AUDIT_STATE_NOT_PASS", reply="含有不允许的词"),
        }
        missing, worded, refused = findings(names, aliyun.registered())
    assert "missing" in missing.text
    assert "worded otherwise: 您的验证码是{1}。" in worded.text
    assert "含有不允许的词" in refused.text


def test_a_body_that_is_no_list_of_receipts_is_refused_and_an_odd_item_left_out() -> None:
    whole = {"phone_number": "13900000001", "success": True, "err_code": "DELIVERED", "biz_id": "9^0", "out_id": "n"}
    for body in (None, {}, "x", [whole] * (MOST_ITEMS + 1)):
        with pytest.raises(InvalidCallback):
            receipts_of(body)
    odd = [None, 7, {}, {**whole, "success": "yes"}, {**whole, "biz_id": ""}, {**whole, "phone_number": "x"}]
    (receipt,) = receipts_of([*odd, {**whole, "out_id": 7}])
    assert (receipt.serial, receipt.phone, receipt.session_context) == (serial_of("9^0"), PHONE, "")


def test_the_sdk_writes_no_request_anywhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEBUG", "sdk")
    carrier = strict(tmp_path)
    carrier.carrier.commands = ["", "odd", "isv.MOBILE_NUMBER_ILLEGAL"]
    with caplog.at_level("DEBUG"), sender(carrier) as aliyun:
        aliyun.send(PHONE, verification("482913"), "n")
        for _ in range(2):
            with pytest.raises(SendingError):
                aliyun.send("+8613900000002", verification("482913"), "n")
    written = caplog.text + "".join(capfd.readouterr())
    for secret in ("13900000001", "13900000002", "482913", KEY):
        assert secret not in written
    of_the_sdk = [record.getMessage() for record in caplog.records if record.name.startswith("aliyunsdkcore")]
    assert of_the_sdk == []
