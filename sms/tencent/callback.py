"""Reads the vendor's status callback. Source: cloud.tencent.com/document/product/382/5807."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sms.errors import InvalidPhone
from sms.phone import normalise
from sms.sender import DeliveryReceipt

MOST_ITEMS = 100
LONGEST_CODE, LONGEST_PHONE = 64, 32
_SERIAL = re.compile(r"[!-~]{1,128}")


def receipts_of(items: Sequence[Any]) -> list[DeliveryReceipt]:
    """The receipts of one array. What is none is left out: refusing it would have the good ones pushed again."""
    return [receipt for item in items if (receipt := _receipt(item)) is not None]


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
