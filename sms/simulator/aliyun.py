"""The rules of a simulated Aliyun: what SendSms refuses, receipts, registered texts. The HTTP form is `aliyun_server`.

Written from the vendor's pages and not from our adapter; the phones' memory is `inbox`, as for the other carrier.
Source: help.aliyun.com/document_detail/419273.html, 419277.html, 419288.html, 101867.html, 2881383.html (limits).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from sqlite3 import Connection, Row
from typing import Any
from uuid import uuid4

from sms.simulator.inbox import put, transaction
from sms.simulator.receipts import MOST_PUSHES
from sms.simulator.rules import ApiError, ConnectionDropped

_CHINA = timezone(timedelta(hours=8))
_NUMBER = re.compile(r"(?:\+?86|0086)?(1[3-9][0-9]{9})")
_FOREIGN = re.compile(r"[1-9][0-9]{6,14}")
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_LINK = re.compile(r"://|www\.|[A-Za-z0-9-]\.[A-Za-z]{2,}", re.IGNORECASE)
LONGEST_VARIABLE, LONGEST_OUT_ID, MOST_NUMBERS = 35, 256, 1000
NOTICES_A_DAY, CODES_A_MINUTE, CODES_AN_HOUR, CODES_A_DAY = 50, 1, 5, 10


@dataclass(frozen=True)
class Text:
    """A registered text. `status`: AUDIT_STATE_…; `reply`: of the reviewer."""

    content: str
    is_code: bool = False
    is_foreign: bool = False
    status: str = "AUDIT_STATE_PASS"
    reply: str = ""


@dataclass
class Aliyun:
    """An account of the vendor and its phones. `commands`: what happens to the next requests in place of the usual: a
    code of the vendor, `lost` (taken, but no answer) or `odd` (taken, an answer that is none)."""

    path: Path
    signatures: frozenset[str]
    texts: Mapping[str, Text]
    now: Callable[[], datetime]
    commands: list[str] = field(default_factory=list)
    undelivered: frozenset[str] = frozenset()
    """National numbers that no message reaches."""
    notice_variables: bool = True

    def send(self, request: Mapping[str, str]) -> dict[str, Any]:
        """Answer SendSms. Taken messages are durable. Raises ApiError, ConnectionDropped."""
        command = self.commands.pop(0) if self.commands else ""
        if command not in ("", "lost", "odd"):
            raise ApiError(command)
        for name in ("PhoneNumbers", "SignName", "TemplateCode"):
            if not request.get(name):
                raise ApiError(f"Missing{name}")
        if len(request["PhoneNumbers"].split(",")) > 1:
            raise ApiError("isv.MOBILE_COUNT_OVER_LIMIT")  # our adapter sends one message a call
        text = self._text(request)
        phone = self._phone(request["PhoneNumbers"], text)
        words = _filled(text, request.get("TemplateParam", ""), notice_variables=self.notice_variables)
        with transaction(self.path) as connection:
            self._refuse_too_many(connection, phone, request, text)
            biz_id = self._take(connection, phone, request, words)
        if command == "lost":
            raise ConnectionDropped
        return {"odd": True} if command == "odd" else {"BizId": biz_id, "Message": "OK"}

    def _text(self, request: Mapping[str, str]) -> Text:
        text = self.texts.get(request["TemplateCode"])
        if request["SignName"] not in self.signatures:
            raise ApiError("isv.SMS_SIGNATURE_ILLEGAL")
        if text is None or text.status != "AUDIT_STATE_PASS":
            raise ApiError("isv.SMS_TEMPLATE_ILLEGAL")
        if len(request.get("OutId", "").encode()) > LONGEST_OUT_ID:
            raise ApiError("isv.INVALID_PARAMETERS")
        return text

    def _phone(self, written: str, text: Text) -> str:
        national = _NUMBER.fullmatch(written)
        if national and text.is_foreign:
            raise ApiError("isv.DOMESTIC_NUMBER_NOT_SUPPORTED")
        if national:
            return f"+86{national[1]}"
        if text.is_foreign and _FOREIGN.fullmatch(written):
            return f"+{written}"
        raise ApiError("isv.MOBILE_NUMBER_ILLEGAL")

    def _refuse_too_many(self, connection: Connection, phone: str, request: Mapping[str, str], text: Text) -> None:
        """The vendor counts what was handed over: notices by signature and text, codes by signature."""
        kept = f"{request['SignName']}/{'code' if text.is_code else request['TemplateCode']}"
        rows = connection.execute(
            "SELECT at FROM submission WHERE phone = ? AND text LIKE ?", (phone, f"{kept}/%")
        ).fetchall()
        ages = [self.now() - datetime.fromisoformat(row["at"]) for row in rows]
        limits = [(timedelta(days=1), NOTICES_A_DAY)]
        if text.is_code:
            minute, hour, day = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
            limits = [(minute, CODES_A_MINUTE), (hour, CODES_AN_HOUR), (day, CODES_A_DAY)]
        if any(sum(age < within for age in ages) >= most for within, most in limits):
            raise ApiError("isv.BUSINESS_LIMIT_CONTROL")

    def _take(self, connection: Connection, phone: str, request: Mapping[str, str], words: str) -> str:
        text = self.texts[request["TemplateCode"]]
        kept = f"{request['SignName']}/{'code' if text.is_code else request['TemplateCode']}/{words}"
        reached = phone.removeprefix("+86") not in self.undelivered
        biz_id = f"{uuid4().int % 10**18:018d}^0"
        at = self.now().isoformat()
        connection.execute(
            "INSERT INTO submission (serial, phone, text, session_context, at, receipt, receipt_at)"
            " VALUES (?,?,?,?,?,?,?)",
            (biz_id, phone, kept, request.get("OutId", ""), at, "DELIVERED" if reached else "MK:0001", at),
        )
        if reached:
            put(connection, phone, request["SignName"], f"【{request['SignName']}】{words}", self.now())
        return biz_id

    def details(self, request: Mapping[str, str]) -> dict[str, Any]:
        """Answer QuerySendDetails: one number on one day of China. Raises ApiError."""
        for name in ("PhoneNumber", "SendDate", "PageSize", "CurrentPage"):
            if not request.get(name):
                raise ApiError("isv.INVALID_PARAMETERS")
        size, page = int(request["PageSize"]), int(request["CurrentPage"])
        if not 0 < size <= 50 or page < 1 or not re.fullmatch(r"\d{8}", request["SendDate"]):
            raise ApiError("isv.INVALID_PARAMETERS")
        with transaction(self.path) as connection:
            rows = connection.execute("SELECT * FROM submission ORDER BY at DESC").fetchall()
        of_day = [row for row in rows if _written(row["phone"]) == request["PhoneNumber"]]
        of_day = [row for row in of_day if f"{_local(row['at']):%Y%m%d}" == request["SendDate"]]
        shown = of_day[(page - 1) * size : page * size]
        return {
            "TotalCount": str(len(of_day)),
            "SmsSendDetailDTOs": {"SmsSendDetailDTO": [_detail(row) for row in shown]},
        }

    def templates(self, request: Mapping[str, str]) -> dict[str, Any]:
        """Answer QuerySmsTemplateList. Raises ApiError."""
        size, page = int(request.get("PageSize", "10")), int(request.get("PageIndex", "1"))
        if not 0 < size <= 50:
            raise ApiError("isv.INVALID_PARAMETERS")
        shown = list(self.texts.items())[(page - 1) * size : page * size]
        return {"TotalCount": len(self.texts), "SmsTemplateList": [_listed(code, text) for code, text in shown]}

    def push(self, post: Callable[[list[dict[str, Any]]], bool]) -> int:
        """Push due receipts as the vendor does, each at most three times; returns how many were taken."""
        with transaction(self.path) as connection:
            due = connection.execute(
                "SELECT * FROM submission WHERE NOT pushed AND pushes < ? ORDER BY at", (MOST_PUSHES,)
            ).fetchall()
            serials = [(row["serial"],) for row in due]
            connection.executemany("UPDATE submission SET pushes = pushes + 1 WHERE serial = ?", serials)
        if not due or not post([pushed_item(row) for row in due]):
            return 0
        with transaction(self.path) as connection:
            connection.executemany("UPDATE submission SET pushed = 1 WHERE serial = ?", serials)
        return len(due)


def _filled(text: Text, given: str, *, notice_variables: bool) -> str:
    names = _VARIABLE.findall(text.content)
    if names and not text.is_code and not notice_variables:
        raise ApiError("isv.TEMPLATE_PARAMS_ILLEGAL")
    try:
        values = json.loads(given) if given else {}
    except ValueError:
        raise ApiError("isv.INVALID_JSON_PARAM") from None
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise ApiError("isv.INVALID_JSON_PARAM")
    if not set(names) <= set(values):
        raise ApiError("isv.TEMPLATE_MISSING_PARAMETERS")
    for value in values.values():
        if _LINK.search(value):
            raise ApiError("isv.PARAM_NOT_SUPPORT_URL")
        if len(value) > LONGEST_VARIABLE:
            raise ApiError("isv.PARAM_LENGTH_LIMIT")
        if text.is_code and not re.fullmatch(r"[A-Za-z0-9]{4,6}", value):
            raise ApiError("isv.TEMPLATE_PARAMS_ILLEGAL")
    return _VARIABLE.sub(lambda variable: str(values[variable[1]]), text.content)


def pushed_item(row: Row) -> dict[str, Any]:
    """A receipt of SmsReport. Times are China's, without a zone."""
    delivered = row["receipt"] == "DELIVERED"
    return {
        "phone_number": _written(row["phone"]),
        "send_time": f"{_local(row['at']):%Y-%m-%d %H:%M:%S}",
        "report_time": f"{_local(row['receipt_at']):%Y-%m-%d %H:%M:%S}",
        "success": delivered,
        "err_code": row["receipt"],
        "err_msg": "用户接收成功" if delivered else "网关拒绝",
        "sms_size": "1",
        "biz_id": row["serial"],
        "out_id": row["session_context"],
    }


def _detail(row: Row) -> dict[str, Any]:
    return {
        "SendDate": f"{_local(row['at']):%Y-%m-%d %H:%M:%S}",
        "ReceiveDate": f"{_local(row['receipt_at']):%Y-%m-%d %H:%M:%S}",
        "SendStatus": 3 if row["receipt"] == "DELIVERED" else 2,
        "ErrCode": row["receipt"],
        "PhoneNum": _written(row["phone"]),
        "OutId": row["session_context"],
        "Content": "",
        "TemplateCode": "",
    }


def _listed(code: str, text: Text) -> dict[str, Any]:
    return {
        "TemplateCode": code,
        "TemplateContent": text.content,
        "TemplateName": code,
        "TemplateType": 2 if text.is_code else 0,
        "AuditStatus": text.status,
        "CreateDate": "2026-01-05 10:00:00",
        "Reason": {"RejectInfo": text.reply},
    }


def _written(phone: str) -> str:
    return phone.removeprefix("+86").removeprefix("+")


def _local(at: str) -> datetime:
    return datetime.fromisoformat(at).astimezone(_CHINA)
