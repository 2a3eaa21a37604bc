"""Which text is a unique identifier (PS3.5 9.1). UIDs are read in `header_fields`."""

from __future__ import annotations

import re

UID_PATTERN, UID_CHARACTERS = r"[0-9]+(\.[0-9]+)*", 64
"""PS3.5 9.1, but with leading zeros in a component: they are wrong, and some devices write them."""


_UID = re.compile(UID_PATTERN)


def is_uid(text: str) -> bool:
    return len(text) <= UID_CHARACTERS and _UID.fullmatch(text) is not None
