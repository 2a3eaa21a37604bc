"""How long a session lives, of a patient or of staff: unused, in all, under a clock that jumps. Knows no rows."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy.orm import Session

from app.database import Database
from app.errors import DatabaseUnavailable

TOUCH_EVERY = timedelta(minutes=1)
"""Not at every frame: a write a minute keeps a session alive."""
TOUCH_PATIENCE_S = 0.02
SESSION_LIFETIME = timedelta(hours=12)
"""However much it is used."""


class SessionTimes(Protocol):
    @property
    def last_seen_at(self) -> datetime: ...
    @property
    def expires_at(self) -> datetime: ...
    @property
    def revoked_at(self) -> datetime | None: ...


def is_alive(times: SessionTimes, now: datetime, idle: timedelta) -> bool:
    """A clock that was set back makes no session longer than it may be."""
    in_time = now < times.expires_at <= now + SESSION_LIFETIME + TOUCH_EVERY
    return times.revoked_at is None and in_time and now - times.last_seen_at <= idle


def is_to_be_touched(times: SessionTimes, now: datetime) -> bool:
    return abs(now - times.last_seen_at) > TOUCH_EVERY


def touch(db: Database, note: Callable[[Session], None]) -> None:
    """Note that a session is in use, where that can be had at once. Else its next request will: readers never wait."""
    with suppress(DatabaseUnavailable), db.session(patience_s=TOUCH_PATIENCE_S) as session:
        note(session)
