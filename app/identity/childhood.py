"""How long somebody is a child, for whom the guardian decides. Pure: no rows, no clock.

PIPL (个人信息保护法) article 31: below 14 the guardian decides; from the fourteenth birthday the child does. What ends
then is decided in the rooms: grants in `family`, bindings in `wechat`, what was given to others in `sharing`.
"""

from __future__ import annotations

from datetime import date, datetime, time

from app.clock import CHINA

CHILDHOOD_YEARS = 14


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


def end_of_childhood(birth_date: str, begun_at: datetime) -> datetime | None:
    """When what a guardian may have begun at this time ends: with the childhood that it began in. None when it began
    later. `birth_date`: YYYY-MM-DD. Raises ValueError."""
    grown = grown_at(birth_date)
    return grown if begun_at < grown else None
