"""Our sender against the strict gateway, and what its answers mean."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta

import pytest

from sms.errors import SendingError, SmsRefused, SmsRetryLater, SmsUnknown
from sms.gateway import sender as gateway_sender
from sms.gateway.callback import receipts_of
from sms.gateway.sender import GatewaySender, is_alarm
from sms.simulator.gateway import StrictGateway, serving
from sms.templates import TEMPLATES, SmsMessage
from tests.factories.carriers import PHONE, SIGNATURE, ready, verification

TOKEN = "a-token-of-the-gateway"
LINK = "https://film.example.org/s/" + "A" * 26


def linked() -> SmsMessage:
    return SmsMessage(TEMPLATES["ready_t3"], (LINK,), SIGNATURE)


def fault(*answers: int | str, token: str = TOKEN) -> tuple[SendingError, StrictGateway]:
    gateway = StrictGateway(TOKEN, answers=list(answers))
    with serving(gateway) as url, pytest.raises(SendingError) as caught:
        GatewaySender(url, token).send(PHONE, linked(), "n1")
    return caught.value, gateway


def test_a_message_with_the_link_of_its_patient_is_taken_and_its_receipt_pulled() -> None:
    gateway, now = StrictGateway(TOKEN), datetime.now(UTC)
    with serving(gateway) as url:
        sender = GatewaySender(url, TOKEN)
        taken = sender.send(PHONE, linked(), "n1")
        sender.send("+8613900000002", verification(), "n2")
        (receipt,) = sender.receipts(PHONE, now - timedelta(hours=1), now + timedelta(hours=1))
    assert (taken.serial, taken.segments) == ("gateway:g1", 2)
    assert LINK in gateway.taken["g1"]["text"]
    assert [message["kind"] for message in gateway.taken.values()] == ["notice", "code"]
    assert (receipt.serial, receipt.session_context, receipt.delivered) == (taken.serial, "n1", True)


@pytest.mark.parametrize(
    ("answer", "kind", "alarms"),
    [
        (401, SmsRefused, True),
        (403, SmsRefused, True),
        (404, SmsRefused, True),
        (422, SmsRefused, False),
        (429, SmsRetryLater, False),
        (302, SmsUnknown, False),
        (500, SmsUnknown, False),
        (503, SmsUnknown, False),
        ("odd", SmsUnknown, False),
        ("cut", SmsUnknown, False),
    ],
)
def test_only_the_answers_of_the_protocol_say_that_nothing_was_taken(
    answer: int | str, kind: type[SendingError], alarms: bool
) -> None:
    found, gateway = fault(answer)
    assert type(found) is kind
    assert is_alarm(found.code) is alarms
    if not isinstance(found, SmsUnknown):
        assert gateway.taken == {}
    for secret in (PHONE, PHONE[3:], TOKEN, LINK):
        assert secret not in f"{found} {found.__cause__} {found.__context__ if not found.__suppress_context__ else ''}"


def test_a_wrong_token_is_an_alarm() -> None:
    assert is_alarm(fault(token="another")[0].code)


def test_no_connection_means_nothing_was_sent_and_a_late_answer_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway_sender, "TIMEOUTS_S", (3.0, 0.2))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: connecting is refused
        with pytest.raises(SmsRetryLater, match="cannot be reached"):
            GatewaySender(f"http://127.0.0.1:{taken.getsockname()[1]}", TOKEN).send(PHONE, linked(), "n")
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(SmsUnknown):
        GatewaySender(f"http://127.0.0.1:{silent.getsockname()[1]}", TOKEN).send(PHONE, linked(), "n")


def test_what_the_protocol_does_not_say_the_strict_gateway_refuses() -> None:
    gateway = StrictGateway(TOKEN)
    whole = {"id": "n", "phone": PHONE, "text": "【云影像医院】您好", "kind": "notice"}
    faulty = [
        {**whole, "phone": "13900000001"},
        {**whole, "kind": "x"},
        {**whole, "text": "您好"},
        {**whole, "more": "x"},
    ]
    assert gateway.post("/", f"Bearer {TOKEN}", whole)[0] == 200
    for body in (*faulty, {}, [], None):
        assert gateway.post("/", f"Bearer {TOKEN}", body)[0] == 422


@pytest.mark.parametrize("value", ["K7M2QX", "javascript:alert(1)", "https://a.example", LINK + "?x=1", LINK + " x"])
def test_the_variable_of_a_link_is_an_address_and_nothing_else(value: str) -> None:
    from sms.errors import InvalidMessage

    with pytest.raises(InvalidMessage):
        SmsMessage(TEMPLATES["ready_t3"], (value,), SIGNATURE)
    assert ready().template.has_link is False


def test_items_that_are_no_receipts_are_left_out() -> None:
    whole = {"serial": "g1", "phone": PHONE, "delivered": False, "code": "UNDELIV"}
    odd = [{**whole, "serial": ""}, {**whole, "delivered": "yes"}, {**whole, "phone": "1"}, {}, None, "x"]
    (receipt,) = receipts_of([*odd, whole])
    assert (receipt.serial, receipt.delivered) == ("gateway:g1", False)
