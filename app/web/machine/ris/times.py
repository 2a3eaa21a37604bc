"""Days and times as a RIS writes them. What they are times of is `bodies`."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime
from typing import Any

from app.clock import CHINA

_DAY = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})(?![0-9])")
_CHINESE_DAY = re.compile(r"([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})日")
_CHINESE_TIME = re.compile(r"([0-9]{1,2})[时点]([0-9]{1,2})分(?:([0-9]{1,2})秒)?")
_RUN_TOGETHER = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:([0-9]{2})([0-9]{2})([0-9]{2})?)?(?![0-9])")
"""As HL7 and DICOM write it."""
_MIDNIGHT = re.compile(r"[ T]00:00(?::00(?:\.0+)?)?\Z")
"""Behind a day that a system keeps as a time. With a zone it may be the day before, and is not taken."""
_SHORT_HOUR = re.compile(r"[ T]+([0-9]):")
_LONGEST = 40
_YEARS = range(1880, 2101)


def day(value: Any) -> str:
    """YYYY-MM-DD of a day that is written so, or with slashes or dots, without leading zeros, in Chinese, or with
    midnight behind it. Raises ValueError."""
    try:
        text = _MIDNIGHT.sub("", _iso(value)) if _is_short(value) and not _RUN_TOGETHER.match(value) else ""
        found = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        found = None
    if found is None or found.year not in _YEARS:
        raise ValueError("must be a date YYYY-MM-DD")
    return found.isoformat()


def instant(value: Any) -> datetime:
    """ISO 8601, its day also as `day` takes it, its hour also of one digit, or as HL7 writes it; without a zone it is
    China's time. Returns aware UTC. Raises ValueError."""
    try:
        at = datetime.fromisoformat(_iso(value)) if _is_short(value) else None
    except ValueError:
        at = None
    if at is None or at.year not in _YEARS:
        raise ValueError("must be a time in ISO 8601")
    return (at if at.tzinfo else at.replace(tzinfo=CHINA)).astimezone(UTC)


def _is_short(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST


def _iso(typed: str) -> str:
    text = unicodedata.normalize("NFKC", typed).strip().upper()
    if together := _RUN_TOGETHER.match(text):
        year, month, day_of_month, hour, minute, second = together.groups()
        clock = f"T{hour}:{minute}:{second or '00'}" if hour else ""
        return f"{year}-{month}-{day_of_month}{clock}{text[together.end() :]}"
    text = _CHINESE_TIME.sub(lambda found: f" {found[1]}:{found[2]:0>2}:{found[3] or '0':0>2}", text, count=1)
    found = _DAY.match(_CHINESE_DAY.sub(r"\1-\2-\3", text, count=1))
    if found is None:
        return text
    year, _, month, day_of_month = found.groups()
    rest = _SHORT_HOUR.sub(r" 0\1:", found.string[found.end() :], count=1)
    return f"{year}-{month:0>2}-{day_of_month:0>2}{rest}"
