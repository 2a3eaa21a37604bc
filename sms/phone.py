"""Mainland mobile numbers: the normal form, and a masked form for people who must not see the number. No sending."""

from __future__ import annotations

import re
import unicodedata

from sms.errors import InvalidPhone

_MOBILE = re.compile(r"(?:\+86|0086|86)?(1[3-9]\d{9})", re.ASCII)


def normalise(raw: str) -> str:
    """The number as E.164: `+86` and 11 digits. Raises InvalidPhone."""
    compact = re.sub(r"[\s()\-]", "", unicodedata.normalize("NFKC", raw))
    found = _MOBILE.fullmatch(compact)
    if found is None:
        raise InvalidPhone
    return f"+86{found.group(1)}"


def mask(phone: str) -> str:
    """The number as `139****0001`, which its owner recognises."""
    digits = phone.removeprefix("+86")
    return f"{digits[:3]}****{digits[-4:]}"
