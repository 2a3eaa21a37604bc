"""Pure: when news may be sent. Daytime of China, a pause in which news gathers, a limit of a day. No rows here.

A one-time code and a message that staff send again are no news in this sense: somebody waits for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.clock import CHINA

DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class TellingTimes:
    """`opens_h` to `closes_h`: hours of China's day, 0 to 24 is always. `gather`: how long news waits for other news.
    `most_a_day`: messages with news to one patient in 24 hours on one channel. `spacing`: between two notices to one
    patient."""

    opens_h: int = 0
    closes_h: int = 24
    gather: timedelta = timedelta()
    most_a_day: int = 1000
    spacing: timedelta = timedelta()

    def is_open(self, at: datetime) -> bool:
        return self.opens_h <= at.astimezone(CHINA).hour < self.closes_h

    def next_open(self, at: datetime) -> datetime:
        """`at` in daytime, else the next opening."""
        if self.is_open(at):
            return at
        local = at.astimezone(CHINA)
        opening = local.replace(hour=self.opens_h, minute=0, second=0, microsecond=0)
        return (opening if opening > local else opening + DAY).astimezone(at.tzinfo)

    def first_chance(self, queued_at: datetime) -> datetime:
        """When news that is queued now may be sent at the earliest."""
        return self.next_open(queued_at + self.gather)

    def after_daytime(self, since: datetime, span: timedelta) -> datetime:
        """When `span` of daytime has passed since an instant: hours of the night do not count."""
        at, left = self.next_open(since), span
        while left > (open_for := self._closing(at) - at):
            at, left = self.next_open(self._closing(at)), left - open_for
        return at + left

    def _closing(self, at: datetime) -> datetime:
        """The end of the daytime that `at` is in."""
        midnight = at.astimezone(CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
        return (midnight + timedelta(hours=self.closes_h)).astimezone(at.tzinfo)

    def after_limit(self, sent: Sequence[datetime], now: datetime) -> datetime:
        """When one more message may be sent, given the times of those that were sent before: `now`, or later in
        daytime."""
        recent = sorted(at for at in sent if at > now - DAY)
        if len(recent) < self.most_a_day:
            return now
        return self.next_open(recent[len(recent) - self.most_a_day] + DAY)
