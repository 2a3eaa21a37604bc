"""The `state` of a login: signed, bound to the browser, and within what WeChat takes (letters and digits, 128 at most).

It holds where the login leads, when it began and whether it began a second time. Nothing is stored for it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

LIFETIME = timedelta(minutes=10)
SKEW = timedelta(minutes=1)
_MAC_BYTES, _NONCE_BYTES = 16, 8


class LeadsTo(StrEnum):
    """The words of the menu's links, and a place of ours."""

    EXAMS = "exams"
    PICKUP = "pickup"
    FAMILY = "family"
    HELP = "help"
    NOTIFY = "notify"
    """No link of the menu: a page of ours asks who looks."""

    @classmethod
    def of(cls, text: str) -> LeadsTo:
        """Anything but a word of the menu means exams: no address is ever taken from a request."""
        return cls(text) if text in tuple(cls) and text != cls.NOTIFY else cls.EXAMS


@dataclass(frozen=True)
class LoginState:
    leads_to: LeadsTo
    began_at: datetime
    is_second: bool
    """The first code was spent, and the login began once more."""


@dataclass(frozen=True)
class LoginStates:
    """`key`: derived for logins, 32 bytes."""

    key: bytes = field(repr=False)

    def issue(self, leads_to: LeadsTo, browser: str, now: datetime, *, is_second: bool) -> str:
        head = bytes([list(LeadsTo).index(leads_to), is_second]) + int(now.timestamp()).to_bytes(5, "big")
        said = head + secrets.token_bytes(_NONCE_BYTES)
        return (said + self._mac(said, browser)).hex()

    def read(self, text: str, browser: str, now: datetime) -> LoginState | None:
        """None when we did not issue it for this browser, or too long ago."""
        try:
            given = bytes.fromhex(text[:128])
        except ValueError:
            return None
        said, mac = given[:-_MAC_BYTES], given[-_MAC_BYTES:]
        if text != given.hex() or not hmac.compare_digest(mac, self._mac(said, browser)):
            return None
        began_at = datetime.fromtimestamp(int.from_bytes(said[2:7], "big"), UTC)
        if not began_at - SKEW <= now <= began_at + LIFETIME:
            return None
        return LoginState(list(LeadsTo)[said[0]], began_at, bool(said[1]))

    def _mac(self, said: bytes, browser: str) -> bytes:
        return hmac.digest(self.key, said + b"\0" + browser.encode(), hashlib.sha256)[:_MAC_BYTES]
