"""Delivery receipts of the simulated carrier: pushed in the vendor's callback format, or pulled by phone number.
The rules for sending are in `rules`.

Source: cloud.tencent.com/document/product/382/5807 (callback), models.PullSmsSendStatus (pull).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from sqlite3 import Row
from typing import Any
from urllib.parse import urlsplit

from sms.phone import parts
from sms.simulator.inbox import transaction
from sms.simulator.rules import ApiError

MOST_ITEMS = 100
MOST_PUSHES = 3
POST_TIMEOUT_S = 5
_CHINA = timezone(timedelta(hours=8))
_DESCRIPTIONS = {"SUCCESS": "用户短信送达成功", "FAIL": "短信发送失败"}

PostReceipts = Callable[[Sequence[Mapping[str, str]]], bool]
"""Posts one array to the hospital's hook; True when the hook answers with result 0."""


def push(path: Path, post: PostReceipts, now: datetime) -> int:
    """Push due receipts, each at most three times in all; returns how many receipts were taken."""
    with transaction(path) as connection:
        due = connection.execute(
            "SELECT * FROM submission WHERE receipt IS NOT NULL AND NOT pushed AND pushes < ? AND receipt_at <= ?"
            " ORDER BY at LIMIT ?",
            (MOST_PUSHES, now.isoformat(), MOST_ITEMS),
        ).fetchall()
        serials = [(row["serial"],) for row in due]
        connection.executemany("UPDATE submission SET pushes = pushes + 1 WHERE serial = ?", serials)
    if not due or not post([callback_item(row) for row in due]):
        return 0
    with transaction(path) as connection:
        connection.executemany("UPDATE submission SET pushed = 1 WHERE serial = ?", serials)
    return len(due)


def callback_item(row: Row) -> dict[str, str]:
    """A receipt as the vendor writes it. Times are China's time without a zone."""
    status, _, errmsg = row["receipt"].partition(":")
    return {
        "user_receive_time": _instant(row).astimezone(_CHINA).strftime("%Y-%m-%d %H:%M:%S"),
        "nationcode": parts(row["phone"])[0],
        "mobile": parts(row["phone"])[1],
        "report_status": status,
        "errmsg": errmsg,
        "description": _DESCRIPTIONS[status],
        "sid": row["serial"],
    }


def pull(path: Path, request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer PullSmsSendStatusByPhoneNumber: only messages that the network reported, newest last. Raises ApiError."""
    if any(name not in request for name in ("PhoneNumber", "BeginTime", "EndTime", "Limit")):
        raise ApiError("MissingParameter")
    if not 0 < request["Limit"] <= MOST_ITEMS:
        raise ApiError("InvalidParameter.InvalidParameters")
    with transaction(path) as connection:
        rows = connection.execute(
            "SELECT * FROM submission WHERE phone = ? AND receipt IS NOT NULL ORDER BY at", (request["PhoneNumber"],)
        ).fetchall()
    between = [row for row in rows if request["BeginTime"] <= int(_instant(row).timestamp()) <= request["EndTime"]]
    return {"PullSmsSendStatusSet": [_pulled_item(row) for row in between[: request["Limit"]]]}


def _pulled_item(row: Row) -> dict[str, Any]:
    status, _, errmsg = row["receipt"].partition(":")
    return {
        "UserReceiveTime": int(_instant(row).timestamp()),
        "CountryCode": parts(row["phone"])[0],
        "SubscriberNumber": parts(row["phone"])[1],
        "PhoneNumber": row["phone"],
        "SerialNo": row["serial"],
        "ReportStatus": status,
        "Description": errmsg,
        "SessionContext": row["session_context"],
    }


def _instant(row: Row) -> datetime:
    return datetime.fromisoformat(row["receipt_at"])


@dataclass(frozen=True)
class HookPoster:
    """Posts receipts to the hospital's real hook, as the vendor does. `url` contains the hook's secret."""

    url: str = field(repr=False)

    def __call__(self, items: Sequence[Mapping[str, str]]) -> bool:
        parts = urlsplit(self.url)
        secure = parts.scheme == "https"
        connection = (HTTPSConnection if secure else HTTPConnection)(parts.netloc, timeout=POST_TIMEOUT_S)
        try:
            headers = {"Content-Type": "application/json"}
            connection.request("POST", f"{parts.path}?{parts.query}", json.dumps(items), headers)
            return bool(json.loads(connection.getresponse().read())["result"] == 0)
        except (OSError, HTTPException, ValueError, KeyError, TypeError):
            return False
        finally:
            connection.close()
