"""Removes rows that nobody needs any more: ended sessions, used codes, done jobs, old counts of failures, devices that
were not used for long.

Rows of the audit log, of studies, exams and messages are never removed here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.clock import Clock
from app.database import Database
from app.repos.operations import spent as repo

KEPT = timedelta(days=30)
"""Long enough to look into a complaint. Failures with an existing code are kept longer, because they count longer."""
DEVICES_KEPT = timedelta(days=400)
"""Longer than a browser keeps the device cookie."""
EVERY = timedelta(hours=6)
BATCH = 500
"""So few that no patient waits for the write lock."""


@dataclass(kw_only=True)
class SpentRows:
    """Decides which rows nobody needs any more, and removes them. It raises nothing of its own."""

    db: Database
    clock: Clock
    _looked_at: datetime | None = field(default=None, init=False)

    def remove_due(self) -> int:
        """Remove one batch of each table every six hours. After a full batch the next one is due at once. Returns how
        many rows were removed."""
        now = self.clock.now()
        if self._looked_at is not None and timedelta(0) <= now - self._looked_at < EVERY:
            return 0
        with self.db.read() as session:
            found = repo.found(session, now - KEPT, now - DEVICES_KEPT, BATCH)
        removed = 0
        if any(found):
            with self.db.session() as session:
                removed = repo.remove(session, now - KEPT, now - DEVICES_KEPT, found)
        if removed < BATCH:
            self._looked_at = now
        return removed
