"""Sends through a hospital's own gateway: one JSON request a message. The protocol is docs/operating.md; it is ours.

The gateway hands the text on as it is, so a text may hold a link of its patient (family T3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import requests

from sms.connection import was_never_made
from sms.errors import NO_CONNECTION, InvalidCallback, SmsRefused, SmsRetryLater, SmsUnknown
from sms.gateway.callback import receipts_of
from sms.sender import Accepted, DeliveryReceipt
from sms.templates import SmsMessage

TIMEOUTS_S = (3.0, 10.0)
"""To connect, and to wait for an answer."""
REFUSED, BUSY, ODD, SILENT = "gateway refused", "gateway busy", "gateway odd answer", "gateway silent"
ACCOUNT_CODES = {401: "gateway 401", 403: "gateway 403", 404: "gateway 404"}
LONGEST_RETRY_S = 86_400


@dataclass(frozen=True)
class GatewaySender:
    """SmsSender over HTTP. `url`: where messages are posted; `token`: sent as a bearer token (RFC 6750)."""

    url: str
    token: str = field(repr=False)

    def send(self, phone: str, message: SmsMessage, session_context: str) -> Accepted:
        """Raises SmsRefused, SmsRetryLater, SmsUnknown."""
        kind = "code" if message.template.is_verification else "notice"
        body = {"id": session_context, "phone": phone, "text": message.text, "kind": kind}
        try:
            answer = requests.post(
                self.url, json=body, headers=self._headers, timeout=TIMEOUTS_S, allow_redirects=False
            )
        except requests.RequestException as fault:
            # `from None`: the fault quotes the whole connection
            if was_never_made(fault):
                raise SmsRetryLater(NO_CONNECTION, "the gateway cannot be reached") from None
            raise SmsUnknown(SILENT, "no answer") from None
        return _accepted(answer)

    def receipts(self, phone: str, since: datetime, until: datetime) -> Sequence[DeliveryReceipt]:
        """Raises SmsRetryLater when the gateway does not tell."""
        asked = {"phone": phone, "since": int(since.timestamp()), "until": int(until.timestamp())}
        try:
            # a POST: numbers stand in no address, because servers log addresses
            answer = requests.post(
                f"{self.url}/receipts", json=asked, headers=self._headers, timeout=TIMEOUTS_S, allow_redirects=False
            )
            return receipts_of(answer.json() if answer.status_code == 200 else None)
        except (requests.RequestException, InvalidCallback, ValueError):
            raise SmsRetryLater(SILENT, "receipts cannot be pulled") from None

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


def is_alarm(code: str) -> bool:
    """Does every further message fail too, until somebody acts?"""
    return code in ACCOUNT_CODES.values()


def _accepted(answer: requests.Response) -> Accepted:
    """Only a whole acceptance is one, and only the answers that the protocol names are refusals."""
    status = answer.status_code
    if status in ACCOUNT_CODES:
        raise SmsRefused(ACCOUNT_CODES[status], "the gateway does not let us in", alarm=True)
    if status == 422:
        raise SmsRefused(REFUSED, "the gateway refuses this message")
    if status == 429:
        after = answer.headers.get("Retry-After", "")
        raise SmsRetryLater(
            BUSY, "the gateway is busy", after_s=min(int(after), LONGEST_RETRY_S) if _is_count(after) else 60
        )
    serial, segments = _told(answer)
    if status != 200 or not serial:
        raise SmsUnknown(ODD, f"an answer that is none (HTTP {status})")
    return Accepted(f"gateway:{serial}", segments)


def _told(answer: requests.Response) -> tuple[str, int]:
    try:
        told: Any = answer.json()
    except ValueError:
        return "", 0
    if not isinstance(told, dict) or not isinstance(told.get("serial"), str) or len(told["serial"]) > 100:
        return "", 0
    segments = told.get("segments")
    return told["serial"], segments if isinstance(segments, int) and 0 <= segments < 100 else 0


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 9
