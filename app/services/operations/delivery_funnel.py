"""How far messages with news came in the last days, for the console and /metrics. They name no patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from app.clock import Clock
from app.database import Database
from app.repos.notifications.funnel import ChannelCounts, counts

PERIOD = timedelta(days=30)


@dataclass(frozen=True)
class Bill:
    """Segments that carriers charge, of codes and of everything else, which is `news`; `fen`: what they cost together,
    None without a price."""

    news: int
    codes: int
    fen: int | None


@dataclass(frozen=True, kw_only=True)
class DeliveryFunnel:
    """Decides nothing: it counts rows. `segment_fen`: the price of a segment, 0 when nobody told it. It raises nothing
    of its own."""

    db: Database
    clock: Clock
    segment_fen: int

    def last_days(self) -> Sequence[ChannelCounts]:
        """Of the last 30 days, one for each channel that had a message with news."""
        return [one for one in self._counted() if one.steps["queued"]]

    def bill(self) -> Bill:
        """Of the last 30 days."""
        found = self._counted()
        news, codes = sum(one.segments + one.access_segments for one in found), sum(one.code_segments for one in found)
        return Bill(news, codes, (news + codes) * self.segment_fen if self.segment_fen else None)

    def _counted(self) -> list[ChannelCounts]:
        with self.db.read() as session:
            return counts(session, self.clock.now() - PERIOD)
