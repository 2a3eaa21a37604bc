"""Removes what no longer serves anybody: ended sessions, used codes, done jobs, old counts of failures, devices long
unused.

Never what happened: that is the audit log's, and of studies, exams and messages nothing is removed here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.clock import Clock
from app.database import Database
from app.repos.operations import spent as repo

KEPT = timedelta(days=30)
"""Long enough to look into a complaint. Failures with a code of ours count for longer, and stay."""
DEVICES_KEPT = timedelta(days=400)
"""Longer than a browser keeps the cookie that makes it known."""
EVERY = timedelta(hours=6)
BATCH = 500
"""Few enough that no patient waits for the write lock."""


@dataclass(kw_only=True)
class SpentRows:
    """Decides which rows serve nobody any more, and removes them. It raises nothing of its own."""

    db: Database
    clock: Clock
    _looked_at: datetime | None = field(default=None, init=False)

    def remove_due(self) -> int:
        """One batch of each table every six hours, and again at once while a batch was full."""
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
