"""How long a session of a patient or of staff lives: unused, in total, and when the clock jumps. No queries here."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy.orm import Session

from app.database import Database
from app.errors import DatabaseUnavailable

TOUCH_EVERY = timedelta(minutes=1)
"""One write a minute keeps a session alive: not every frame writes."""
TOUCH_PATIENCE_S = 0.02
SESSION_LIFETIME = timedelta(hours=12)
"""A session ends after this time, even when it is in use."""


class SessionTimes(Protocol):
    @property
    def last_seen_at(self) -> datetime: ...
    @property
    def expires_at(self) -> datetime: ...
    @property
    def revoked_at(self) -> datetime | None: ...


def is_alive(times: SessionTimes, now: datetime, idle: timedelta, lifetime: timedelta = SESSION_LIFETIME) -> bool:
    """False when the session is revoked, over, or unused for longer than `idle`. A clock that was set back does not
    make a session longer."""
    in_time = now < times.expires_at <= now + lifetime + TOUCH_EVERY
    return times.revoked_at is None and in_time and now - times.last_seen_at <= idle


def is_to_be_touched(times: SessionTimes, now: datetime) -> bool:
    return abs(now - times.last_seen_at) > TOUCH_EVERY


def touch(db: Database, note: Callable[[Session], None]) -> None:
    """Note that a session is in use. When the database is busy, the next request notes it: readers never wait."""
    with suppress(DatabaseUnavailable), db.session(patience_s=TOUCH_PATIENCE_S) as session:
        note(session)
