"""The real adapter with the vendor's SDK, against a strict carrier over loopback HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sms.sender import DeliveryReceipt
from sms.simulator.inbox import PhoneInbox
from sms.templates import REGISTERED, SmsMessage
from tests.factories.carriers import PHONE, SIGNATURE, ready
from tests.factories.tencent import sender, strict


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
        for template in REGISTERED.values():
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
