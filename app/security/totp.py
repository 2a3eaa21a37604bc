"""The second factor of staff: time-based one-time passwords (RFC 6238: SHA-1, 30 s, 6 digits) through pyotp.

This module only says to which time step a code belongs. app/services/staff makes sure that a code works only once.
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from datetime import datetime

import pyotp

STEP_S = 30
ISSUER = "CloudFilm"
_TYPED = re.compile(r"\d{6}\Z", re.ASCII)


def new_secret() -> str:
    """160 random bits as base32 (RFC 4226, 4, R6)."""
    return pyotp.random_base32()


def matching_step(secret: str, typed: str, now: datetime) -> int | None:
    """The time step of a code: the current step or a neighbour (RFC 6238, 5.2). None for a wrong code."""
    code = re.sub(r"\s", "", unicodedata.normalize("NFKC", typed[:16]))
    if not _TYPED.match(code):
        return None
    generator, current = pyotp.TOTP(secret), int(now.timestamp()) // STEP_S
    found = None
    for step in (current - 1, current, current + 1):
        if hmac.compare_digest(generator.generate_otp(step), code):
            found = step
    return found


def code_at(secret: str, now: datetime) -> str:
    """The code that an authenticator shows now."""
    return pyotp.TOTP(secret).at(now)


def provisioning_uri(secret: str, username: str) -> str:
    """The otpauth:// address that an authenticator scans."""
    return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=ISSUER)
