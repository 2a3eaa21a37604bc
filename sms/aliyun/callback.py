"""Reads the vendor's receipts, pushed (SmsReport) or pulled (QuerySendDetails). The hook is in app/web/hooks.

Source: help.aliyun.com/document_detail/101867.html (SmsReport, as a batch by HTTP), 102352.html (QuerySendDetails).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from sms.errors import InvalidCallback, InvalidPhone
from sms.phone import MAINLAND, normalise
from sms.replies import Reply
from sms.sender import DeliveryReceipt, printable

MOST_ITEMS = 300
LONGEST_OUT_ID = 64
CHINA = timezone(timedelta(hours=8))
DELIVERED, NOT_DELIVERED = 3, 2
"""SendStatus of QuerySendDetails; 1 waits for the network."""
_SERIAL = re.compile(r"[!-~]{1,100}")
_PHONE = re.compile(r"\+?[0-9]{5,20}")


def serial_of(biz_id: str) -> str:
    """Our serial for the vendor's BizId. No other carrier's receipt can name it."""
    return f"aliyun:{biz_id}"


def receipts_of(body: Any) -> list[DeliveryReceipt]:
    """The receipts in a callback's decoded JSON body. Raises InvalidCallback unless it is an array of up to MOST_ITEMS.

    An item that is no receipt is left out. After a refusal the carrier would push the good items again.
    """
    if not isinstance(body, list) or len(body) > MOST_ITEMS:
        raise InvalidCallback(f"must be an array of at most {MOST_ITEMS} receipts")
    return [receipt for item in body if (receipt := _pushed(item)) is not None]


def replies_of(body: Any) -> list[Reply]:
    """The answers of people in a callback's decoded JSON body (SmsUp). Raises InvalidCallback as `receipts_of`; an
    answer that cannot be read is left out."""
    if not isinstance(body, list) or len(body) > MOST_ITEMS:
        raise InvalidCallback(f"must be an array of at most {MOST_ITEMS} answers")
    found = [(e164(item.get("phone_number")), item.get("content")) for item in body if isinstance(item, dict)]
    return [Reply(phone, text) for phone, text in found if phone is not None and isinstance(text, str)]


def pulled(item: Mapping[str, Any], since: datetime, until: datetime) -> DeliveryReceipt | None:
    """The receipt in one SmsSendDetailDTO; None when the network has not reported, or it is of another time.

    It names no BizId: a receipt that is pulled belongs to its message by what we sent along (OutId).
    """
    status, sent_at, phone = item.get("SendStatus"), instant(item.get("SendDate")), e164(item.get("PhoneNum"))
    if status not in (DELIVERED, NOT_DELIVERED) or sent_at is None or not since <= sent_at <= until or phone is None:
        return None
    code = printable(str(item.get("ErrCode") or ""))
    return DeliveryReceipt("", phone, status == DELIVERED, code, _out_id(item.get("OutId")))


def e164(number: Any) -> str | None:
    """The vendor writes mainland numbers without country code, foreign ones with it and without a plus."""
    if not isinstance(number, str) or not _PHONE.fullmatch(number):
        return None
    bare = number.removeprefix("+")
    is_national = len(bare) == 11 and bare.startswith("1")
    try:
        return normalise(f"{MAINLAND}{bare}" if is_national else f"+{bare}")
    except InvalidPhone:
        return None


def _pushed(item: Any) -> DeliveryReceipt | None:
    if not isinstance(item, dict):
        return None
    biz_id, success, phone = item.get("biz_id"), item.get("success"), e164(item.get("phone_number"))
    if not isinstance(biz_id, str) or not _SERIAL.fullmatch(biz_id) or not isinstance(success, bool) or phone is None:
        return None
    code = printable(str(item.get("err_code") or ""))
    return DeliveryReceipt(serial_of(biz_id), phone, success, code, _out_id(item.get("out_id")))


def _out_id(value: Any) -> str:
    return value if isinstance(value, str) and len(value) <= LONGEST_OUT_ID else ""


def instant(text: Any) -> datetime | None:
    """A time of the vendor, None when it is none. The vendor's times are China's, without a zone."""
    try:
        return datetime.strptime(str(text), "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)
    except ValueError:
        return None
