"""How long a relative may see a member's exams. Pure: no rows, no clock. Childhood is in app/identity/childhood.py."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.identity.childhood import end_of_childhood

USUAL = timedelta(days=365)


def ends_at(birth_date: str, now: datetime, *, is_guardian: bool) -> datetime:
    """When a grant of today ends: of a guardian with the childhood, of others after a year, and never past the
    childhood that it began in. `birth_date`: YYYY-MM-DD. Raises ValueError."""
    usual, grown = now + USUAL, end_of_childhood(birth_date, now)
    if grown is None:
        return usual
    return grown if is_guardian else min(usual, grown)
