"""Whether what a row waits for has come, under a clock that may be set back. What rows wait for is their own repos'.

A moment further ahead than anything we ever set was set by a clock that ran ahead: nobody waits for it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_

NEVER = datetime(9999, 1, 1, tzinfo=UTC)
"""What a row says that waits for nothing more."""
SKEW = timedelta(minutes=5)
"""How far the clocks of two nodes may be apart."""


def is_due(column: Any, now: datetime, furthest: timedelta) -> ColumnElement[bool]:
    """`furthest`: how far ahead this column is ever set."""
    return or_(column <= now, and_(column > now + furthest + SKEW, column < NEVER))


def has_come(moment: datetime, now: datetime, furthest: timedelta) -> bool:
    """The same of a row that was read."""
    return moment <= now or now + furthest + SKEW < moment < NEVER
