"""Reads the vendor's status callback (cloud.tencent.com/document/product/382/5807). The hook is in app/web/hooks."""

from __future__ import annotations

import re
from typing import Any

from sms.errors import InvalidCallback, InvalidPhone
from sms.phone import normalise
from sms.replies import Reply
from sms.sender import DeliveryReceipt, printable

MOST_ITEMS = 100
LONGEST_PHONE = 32
_SERIAL = re.compile(r"[!-~]{1,128}")


def receipts_of(body: Any) -> list[DeliveryReceipt]:
    """The receipts in a callback's decoded JSON body. Raises InvalidCallback unless it is an array of up to 100 items.

    An item that is no receipt is left out. After a refusal the carrier would push the good items again.
    """
    if not isinstance(body, list) or len(body) > MOST_ITEMS:
        raise InvalidCallback(f"must be an array of at most {MOST_ITEMS} receipts")
    return [receipt for item in body if (receipt := _receipt(item)) is not None]


def replies_of(body: Any) -> list[Reply]:
    """The answer of one person in a callback's decoded JSON body (382/5809). Raises InvalidCallback unless it is an
    object; an answer that cannot be read is left out."""
    if not isinstance(body, dict):
        raise InvalidCallback("must be an object with one answer")
    phone, text, country = body.get("mobile"), body.get("text"), body.get("nationcode", "86")
    if not isinstance(phone, str) or len(phone) > LONGEST_PHONE or not isinstance(text, str):
        return []
    try:
        return [Reply(_e164(str(country), phone), text)]
    except InvalidPhone:
        return []


def _e164(country: str, mobile: str) -> str:
    """The callback tells the national number and, beside it, the country code. Raises InvalidPhone."""
    return normalise(mobile if mobile.startswith("+") or country == "86" else f"+{country}{mobile}")


def _receipt(item: Any) -> DeliveryReceipt | None:
    if not isinstance(item, dict):
        return None
    serial, status, phone = item.get("sid"), item.get("report_status"), item.get("mobile")
    country = item.get("nationcode", "86")
    if not isinstance(serial, str) or not _SERIAL.fullmatch(serial):
        return None
    if status not in ("SUCCESS", "FAIL") or not isinstance(phone, str) or len(phone) > LONGEST_PHONE:
        return None
    try:
        return DeliveryReceipt(
            serial, _e164(str(country), phone), status == "SUCCESS", printable(str(item.get("errmsg", "")))
        )
    except InvalidPhone:
        return None
