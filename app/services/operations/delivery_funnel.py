"""How far messages with news came in the last days, for the console and /metrics. They name no patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from app.clock import Clock
from app.database import Database
from app.repos.notifications.funnel import ChannelCounts, counts

PERIOD = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class DeliveryFunnel:
    """Decides nothing: it counts rows. It raises nothing of its own."""

    db: Database
    clock: Clock

    def last_days(self) -> Sequence[ChannelCounts]:
        """Of the last 30 days, one for each channel that had a message."""
        with self.db.read() as session:
            return counts(session, self.clock.now() - PERIOD)
