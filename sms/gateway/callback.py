"""Reads the gateway's receipts, pushed or pulled: `[{serial, id, phone, delivered, code}]`."""

from __future__ import annotations

import re
from typing import Any

from sms.errors import InvalidCallback, InvalidPhone
from sms.phone import normalise
from sms.replies import Reply
from sms.sender import DeliveryReceipt, printable

MOST_ITEMS = 100
LONGEST_PHONE, LONGEST_ID = 32, 64
_SERIAL = re.compile(r"[!-~]{1,100}")


def receipts_of(body: Any) -> list[DeliveryReceipt]:
    """The receipts of a body, decoded from JSON. Raises InvalidCallback unless it is an array of up to 100.

    An item that is no receipt is left out: refusing it would have the good ones pushed again.
    """
    if not isinstance(body, list) or len(body) > MOST_ITEMS:
        raise InvalidCallback(f"must be an array of at most {MOST_ITEMS} receipts")
    return [receipt for item in body if (receipt := _receipt(item)) is not None]


def replies_of(body: Any) -> list[Reply]:
    """The answers of people, `[{phone, text}]`. Raises InvalidCallback as `receipts_of`; an answer that cannot be read
    is left out."""
    if not isinstance(body, list) or len(body) > MOST_ITEMS:
        raise InvalidCallback(f"must be an array of at most {MOST_ITEMS} answers")
    return [reply for item in body if (reply := _reply(item)) is not None]


def _reply(item: Any) -> Reply | None:
    phone, text = (item.get("phone"), item.get("text")) if isinstance(item, dict) else (None, None)
    if not isinstance(phone, str) or len(phone) > LONGEST_PHONE or not isinstance(text, str):
        return None
    try:
        return Reply(normalise(phone), text)
    except InvalidPhone:
        return None


def _receipt(item: Any) -> DeliveryReceipt | None:
    if not isinstance(item, dict):
        return None
    serial, phone, delivered, ours = (item.get(name) for name in ("serial", "phone", "delivered", "id"))
    if not isinstance(serial, str) or not _SERIAL.fullmatch(serial) or not isinstance(delivered, bool):
        return None
    if not isinstance(phone, str) or len(phone) > LONGEST_PHONE:
        return None
    try:
        e164 = normalise(phone)
    except InvalidPhone:
        return None
    sent_along = ours if isinstance(ours, str) and len(ours) <= LONGEST_ID else ""
    return DeliveryReceipt(f"gateway:{serial}", e164, delivered, printable(str(item.get("code", ""))), sent_along)
