"""Looks for what must stay unsaid in what was written. Says nothing of where it was written or by whom."""

from __future__ import annotations

import re
from collections.abc import Iterable

LONG = 12
"""From this length on nothing that chance wrote can be taken for a secret (36^-12 a place)."""
CHANCE = re.compile(
    r"\b[0-9a-f]{32}\b|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"  # row ids
    r"|\b2\.25\.\d{1,39}\b"  # UIDs made from a UUID (PS3.5 B.2)
    r"|(?<=\d\d:\d\d:\d\d)\.\d+"  # parts of a second
)


def leaks(secrets: Iterable[str], text: str) -> list[str]:
    """Those secrets that stand in the text, in any spelling that JSON may choose.

    A short one, four digits of an ID number say, is looked for beside ids and clocks, not inside of them: there it
    would be found now and then although nobody wrote it.
    """
    beside = CHANCE.sub("…", text)

    def stands_in(secret: str) -> bool:
        looked_through = text if len(secret) >= LONG else beside
        return secret in looked_through or secret.encode("unicode_escape").decode() in looked_through

    return [secret for secret in secrets if stands_in(secret)]
