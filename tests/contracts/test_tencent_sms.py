"""The real adapter with the vendor's SDK, against a strict carrier over loopback HTTP."""

from __future__ import annotations

import http.client
import json
import logging
import socket
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from sms import tencent
from sms.errors import SmsError, SmsRefused, SmsRetryLater, SmsUnknown
from sms.fake_rules import CarrierAccount, FrequencyLimits
from sms.fake_server import StrictCarrier, serving
from sms.inbox import PhoneInbox
from sms.sender import DeliveryReceipt
from sms.templates import TEMPLATES, SmsMessage, SmsTemplate
from sms.tencent import TencentAccount, TencentSender
from tests.factories.carriers import PHONE, SIGNATURE, ready, verification

IDS = {name: str(2_000_000 + number) for number, name in enumerate(TEMPLATES)}
KEY = "very-secret-signing-key"
ACCOUNT = TencentAccount("AKIDexample", KEY, "1400006666")


def strict(folder: Path, *, skew: timedelta = timedelta(), **limits: int) -> StrictCarrier:
    templates = {IDS[name]: template for name, template in TEMPLATES.items()}
    account = CarrierAccount("1400006666", frozenset({SIGNATURE}), templates, FrequencyLimits(**limits))
    return StrictCarrier(folder / "carrier.db", account, {"AKIDexample": KEY}, lambda: datetime.now(UTC) + skew)


@contextmanager
def sender(carrier: StrictCarrier, account: TencentAccount = ACCOUNT) -> Iterator[TencentSender]:
    with serving(carrier) as endpoint:
        yield TencentSender(account, IDS, endpoint=endpoint, scheme="http")


def test_a_signed_message_is_accepted_and_arrives(tmp_path: Path) -> None:
    with sender(strict(tmp_path)) as tencent_sms:
        accepted = tencent_sms.send(PHONE, ready("K7M2QX"), "notification-1")
    assert accepted.serial
    assert accepted.segments == ready().segments == 1
    (message,) = PhoneInbox(tmp_path / "carrier.db").messages(PHONE)
    assert message.text == ready("K7M2QX").text


def test_the_carrier_renders_every_text_as_we_do(tmp_path: Path) -> None:
    with sender(strict(tmp_path, per_hour=99, per_day=99)) as tencent_sms:
        expected = []
        for template in TEMPLATES.values():
            message = SmsMessage(template, ("123456",) * template.variable_count, SIGNATURE)
            tencent_sms.send(PHONE, message, "n")
            expected.append(message.text)
    assert [message.text for message in PhoneInbox(tmp_path / "carrier.db").messages(PHONE)] == expected


def test_receipts_are_pulled_with_what_we_sent_along(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    with sender(strict(tmp_path)) as tencent_sms:
        serial = tencent_sms.send(PHONE, ready(), "notification-1").serial
        found = tencent_sms.receipts(PHONE, now - timedelta(minutes=5), now + timedelta(minutes=5))
    assert found == [DeliveryReceipt(serial, PHONE, True, "DELIVRD", "notification-1")]


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


def test_an_unapproved_template_id_is_refused(tmp_path: Path) -> None:
    with serving(strict(tmp_path)) as endpoint:
        wrong = TencentSender(ACCOUNT, {"ready_t1": "1"}, endpoint=endpoint, scheme="http")
        with pytest.raises(SmsRefused, match="1014"):
            wrong.send(PHONE, ready(), "n")


@pytest.mark.parametrize("phone", ["+85291234567", "+8612900000000", "+861390000000"])
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


def test_an_upstream_time_out_is_unknown_and_its_receipt_is_pulled_later(tmp_path: Path) -> None:
    now, phone = datetime.now(UTC), "+8617000000004"
    with sender(strict(tmp_path)) as tencent_sms:
        with pytest.raises(SmsUnknown, match="1008"):
            tencent_sms.send(phone, verification(), "n4")
        (receipt,) = tencent_sms.receipts(phone, now - timedelta(minutes=5), now + timedelta(minutes=5))
    assert (receipt.session_context, receipt.delivered) == ("n4", True)


def test_an_answer_that_gets_lost_is_unknown(tmp_path: Path) -> None:
    with sender(strict(tmp_path)) as tencent_sms, pytest.raises(SmsUnknown):
        tencent_sms.send("+8617000000007", ready(), "n")
    assert len(PhoneInbox(tmp_path / "carrier.db").messages("+8617000000007")) == 1


def test_no_connection_at_all_means_nothing_was_sent() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]  # bound, not listening: connecting is refused
        unreachable = TencentSender(ACCOUNT, IDS, endpoint=f"127.0.0.1:{port}", scheme="http")
        with pytest.raises(SmsRetryLater, match="cannot be reached"):
            unreachable.send(PHONE, ready(), "n")


@contextmanager
def answering(status: int, body: bytes, before: Callable[[], None] = lambda: None) -> Iterator[str]:
    """A server that answers everything alike."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            before()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


PICKUP = "K7M2QX"
ECHO = json.dumps({"Response": {"Error": {"Code": "InternalError.X", "Message": f"{PHONE} {KEY}"}, "RequestId": "r"}})


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, b"oops"), (502, f"{PHONE} {KEY}".encode()), (200, b"not json"), (200, b"{}"), (200, ECHO.encode())],
)
def test_a_strange_answer_is_unknown_and_tells_no_phone_and_no_secret(
    status: int, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with answering(status, body) as endpoint:
        strange = TencentSender(ACCOUNT, IDS, endpoint=endpoint, scheme="http")
        with pytest.raises(SmsUnknown) as caught:
            strange.send(PHONE, ready(PICKUP), "n")
    shown = "".join(traceback.format_exception(caught.value)) + str(caught.value) + caplog.text
    for secret in (PHONE, PHONE[3:], KEY, PICKUP):
        assert secret not in shown


def test_a_carrier_that_does_not_answer_in_time_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tencent, "TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        slow = TencentSender(ACCOUNT, IDS, endpoint=f"127.0.0.1:{port}", scheme="http")
        with pytest.raises(SmsUnknown):
            slow.send(PHONE, ready(), "n")


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
