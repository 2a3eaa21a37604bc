"""Unique identifiers (PS3.5 9.1): what is one."""

from __future__ import annotations

import re

UID_PATTERN, UID_CHARACTERS = r"[0-9]+(\.[0-9]+)*", 64
"""PS3.5 9.1; leading zeros in a component are wrong but do occur."""


_UID = re.compile(UID_PATTERN)


def is_uid(text: str) -> bool:
    return len(text) <= UID_CHARACTERS and _UID.fullmatch(text) is not None
