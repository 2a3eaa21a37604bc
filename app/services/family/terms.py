"""How long a relative may see a member's exams. Pure: no rows, no clock.

PIPL (个人信息保护法) article 31: below 14 the guardian decides; from the fourteenth birthday the child does.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from app.clock import CHINA

CHILDHOOD_YEARS = 14
USUAL = timedelta(days=365)


def grown_at(birth_date: str) -> datetime:
    """When the child has its fourteenth birthday in China. `birth_date`: YYYY-MM-DD. Raises ValueError."""
    born = date.fromisoformat(birth_date)
    try:
        birthday = born.replace(year=born.year + CHILDHOOD_YEARS)
    except ValueError:  # born on 29 February
        birthday = date(born.year + CHILDHOOD_YEARS, 3, 1)
    return datetime.combine(birthday, time(), CHINA)


def is_child(birth_date: str, now: datetime) -> bool:
    return now < grown_at(birth_date)


def ends_at(birth_date: str, now: datetime, *, is_guardian: bool) -> datetime:
    """When a grant of today ends: of a guardian with the childhood, of others after a year, and never past the
    childhood that it began in."""
    usual, grown = now + USUAL, grown_at(birth_date)
    if grown <= now:
        return usual
    return grown if is_guardian else min(usual, grown)
