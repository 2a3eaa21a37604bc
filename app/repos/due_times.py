"""Whether a row's due time has come, also after the clock was set back. Each repo says what its rows wait for.

A due time that is further ahead than we ever set one comes from a clock that ran ahead. Such a row counts as due now.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_

NEVER = datetime(9999, 1, 1, tzinfo=UTC)
"""The due time of a row that waits for nothing."""
SKEW = timedelta(minutes=5)
"""How far the clocks of two nodes may be apart."""


def is_due(column: Any, now: datetime, furthest: timedelta) -> ColumnElement[bool]:
    """A condition on a column of due times. `furthest`: how far ahead we ever set this column."""
    return or_(column <= now, and_(column > now + furthest + SKEW, column < NEVER))


def has_come(moment: datetime, now: datetime, furthest: timedelta) -> bool:
    """The same test for a due time that was read from a row."""
    return moment <= now or now + furthest + SKEW < moment < NEVER
