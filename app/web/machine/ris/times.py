"""Days and times as a RIS writes them. What they are times of is `bodies`."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

from app.clock import CHINA

_DAY = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})(?![0-9])")
_SHORT_HOUR = re.compile(r"[ T]+([0-9]):")
_LONGEST = 40
_YEARS = range(1880, 2101)


def day(value: Any) -> str:
    """YYYY-MM-DD of a day that is written so, or with slashes or dots, or without leading zeros. Raises ValueError."""
    try:
        found = date.fromisoformat(_iso(value)) if isinstance(value, str) and _DAY.fullmatch(value) else None
    except ValueError:
        found = None
    if found is None or found.year not in _YEARS:
        raise ValueError("must be a date YYYY-MM-DD")
    return found.isoformat()


def instant(value: Any) -> datetime:
    """ISO 8601, its day also as `day` takes it, its hour also of one digit; without a zone it is China's time. Returns
    aware UTC. Raises ValueError."""
    try:
        at = datetime.fromisoformat(_iso(value)) if isinstance(value, str) and len(value) <= _LONGEST else None
    except ValueError:
        at = None
    if at is None or at.year not in _YEARS:
        raise ValueError("must be a time in ISO 8601")
    return (at if at.tzinfo else at.replace(tzinfo=CHINA)).astimezone(UTC)


def _iso(text: str) -> str:
    found = _DAY.match(text.strip())
    if found is None:
        return text.strip()
    year, _, month, day_of_month = found.groups()
    rest = _SHORT_HOUR.sub(r" 0\1:", text.strip()[found.end() :], count=1)
    return f"{year}-{month:0>2}-{day_of_month:0>2}{rest}"
