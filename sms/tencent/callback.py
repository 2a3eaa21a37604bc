"""Reads the vendor's status callback. Source: cloud.tencent.com/document/product/382/5807."""

from __future__ import annotations

import re
from typing import Any

from sms.errors import InvalidCallback, InvalidPhone
from sms.phone import normalise
from sms.sender import DeliveryReceipt

MOST_ITEMS = 100
LONGEST_CODE, LONGEST_PHONE = 64, 32
_SERIAL = re.compile(r"[!-~]{1,128}")


def receipts_of(body: Any) -> list[DeliveryReceipt]:
    """The receipts of a callback's body, decoded from JSON. Raises InvalidCallback unless it is an array of up to 100.

    An item that is no receipt is left out: refusing it would have the good ones pushed again.
    """
    if not isinstance(body, list) or len(body) > MOST_ITEMS:
        raise InvalidCallback(f"must be an array of at most {MOST_ITEMS} receipts")
    return [receipt for item in body if (receipt := _receipt(item)) is not None]


def printable(text: str) -> str:
    """The carrier's word as a database takes it: without NUL and lone surrogates, at most 64 characters."""
    return "".join(letter for letter in text if letter.isprintable())[:LONGEST_CODE]


def _receipt(item: Any) -> DeliveryReceipt | None:
    if not isinstance(item, dict):
        return None
    serial, status, phone = item.get("sid"), item.get("report_status"), item.get("mobile")
    if not isinstance(serial, str) or not _SERIAL.fullmatch(serial):
        return None
    if status not in ("SUCCESS", "FAIL") or not isinstance(phone, str) or len(phone) > LONGEST_PHONE:
        return None
    try:
        return DeliveryReceipt(serial, normalise(phone), status == "SUCCESS", printable(str(item.get("errmsg", ""))))
    except InvalidPhone:
        return None
