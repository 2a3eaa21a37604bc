"""All our cookies: their names, flags, site and age are set only here. The sessions know what a value means.

With https each cookie is bound to the host (`__Host-`: Secure, no Domain, path `/`; RFC 6265bis 4.1.3.2). The demo
without https uses the same cookies without prefix and Secure. No script can read them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Response, request

from app.web.context import services

DEVICE_SECONDS = 365 * 24 * 3600
READING_SECONDS = 365 * 24 * 3600
HELPER_SECONDS = 7 * 24 * 3600
"""As long as the sessions of helpers live."""
DOOR_SECONDS = 15 * 60
"""Somewhat longer than the digits live that are bound to it."""

WAITING_SECONDS = 10 * 60
"""Longer than digits live."""


@dataclass(frozen=True)
class Cookie:
    """`max_age_s`: None for a cookie that ends with the browser."""

    bare_name: str
    same_site: str
    max_age_s: int | None = None

    @property
    def name(self) -> str:
        return _name(self.bare_name, services().settings.is_https)

    def read(self) -> str:
        """The text that the browser sent; it can be anything. Empty when it sent none."""
        return request.cookies.get(self.name, "")

    def set(self, response: Response, value: str) -> None:
        response.set_cookie(self.name, value, max_age=self.max_age_s, **self._flags())

    def delete(self, response: Response) -> None:
        response.delete_cookie(self.name, **self._flags())

    def _flags(self) -> dict[str, Any]:
        secure = services().settings.is_https
        return {"path": "/", "secure": secure, "httponly": True, "samesite": self.same_site}


PATIENT = Cookie("cf-patient", "Lax")
"""Lax, because a patient comes by a link in another application."""
DEVICE = Cookie("cf-device", "Lax", DEVICE_SECONDS)
"""A browser that was let in before."""
HELPER = Cookie("cf-helper", "Lax", HELPER_SECONDS)
"""A browser in which somebody who helps typed a code."""
DOOR = Cookie("cf-door", "Lax", DOOR_SECONDS)
"""A browser that asked for digits at the phone door."""
GUEST = Cookie("cf-guest", "Lax")
"""Whom a patient let in, by a share or by digits."""
WAITING = Cookie("cf-waiting", "Lax", WAITING_SECONDS)
"""A PC in which digits were typed, until the patient taps its number."""
WECHAT_STATE = Cookie("cf-wechat-state", "Lax", DOOR_SECONDS)
"""A browser that asked WeChat who looks. Lax, because WeChat leads back."""
WECHAT = Cookie("cf-wechat", "Lax")
"""Whom WeChat named in this browser. It opens nothing."""
READING = Cookie("cf-reading", "Lax", READING_SECONDS)
"""How this browser wants to read. It says nothing of anybody and opens nothing."""
STAFF = Cookie("cf-staff", "Strict")
FORM = Cookie("cf-form", "Strict")
"""Flask's own session, which holds the tokens of the console's forms."""


def form_settings(is_https: bool) -> dict[str, Any]:
    """The cookie `FORM` as Flask's configuration."""
    return {
        "SESSION_COOKIE_NAME": _name(FORM.bare_name, is_https),
        "SESSION_COOKIE_SECURE": is_https,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": FORM.same_site,
    }


def _name(bare_name: str, is_https: bool) -> str:
    return f"__Host-{bare_name}" if is_https else bare_name
