"""Pure: by which way a patient is told next, given what became of the ways before. No rows and no carrier here.

The ways are tried in order, each at most once an occasion. The next one follows when a message did not arrive or nobody
can learn whether it did, or when it arrived where nobody may look (`silent`) and the exam stays unopened for some hours
of daytime. After the last one comes the desk. While the outcome of a message is open nothing follows: it may be on its
way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.models import ChannelName
from app.models import NotificationState as State
from app.services.notifications.telling_times import TellingTimes

OPEN = frozenset({State.PENDING, State.SENDING, State.UNKNOWN})
IN_VAIN = frozenset({State.FAILED, State.CANCELLED})


@dataclass(frozen=True)
class Way:
    """`silent`: a message may arrive and stay unseen, like a notice in a folder of WeChat."""

    channel: ChannelName
    silent: bool


WAYS = (Way(ChannelName.WECHAT, silent=True), Way(ChannelName.SMS, silent=False))
"""The cheap way first."""
SILENT = frozenset(way.channel for way in WAYS if way.silent)


@dataclass(frozen=True)
class Told:
    """What became of the message on one channel. `sent_at`: None when it was never handed over."""

    channel: ChannelName
    state: State
    sent_at: datetime | None


@dataclass(frozen=True)
class Tell:
    """Queue a message on this channel now."""

    channel: ChannelName


@dataclass(frozen=True)
class Wait:
    """Look again at this time, or (None) when a state changes."""

    until: datetime | None


@dataclass(frozen=True)
class Desk:
    """No way is left: a human tells the patient."""


@dataclass(frozen=True)
class Done:
    """The patient knows, as far as can be learnt."""


Step = Tell | Wait | Desk | Done


@dataclass(frozen=True, kw_only=True)
class TellingPlan:
    """`ways` in their order. `unopened_for`: hours of daytime after which a silent message counts as unseen."""

    times: TellingTimes
    ways: tuple[Way, ...] = WAYS
    unopened_for: timedelta = timedelta(hours=4)

    def beginning_with(self, channel: ChannelName) -> TellingPlan:
        """The same without the ways before this one."""
        first = [way.channel for way in self.ways].index(channel)
        return replace(self, ways=self.ways[first:])

    def next_step(self, told: Sequence[Told], reachable: frozenset[ChannelName], opened: bool, now: datetime) -> Step:
        """`told`: of one occasion. `reachable`: channels that have an address of the patient. `opened`: the patient
        opened the exam since the first message."""
        if opened:
            return Done()
        by_channel = {one.channel: one for one in told}
        ways = [way for way in self.ways if way.channel in reachable or way.channel in by_channel]
        for position, way in enumerate(ways):
            found = by_channel.get(way.channel)
            if found is None:
                return Tell(way.channel)
            is_last = position == len(ways) - 1
            step = self._after(way, found, is_last, now)
            if step is not None:
                return step
        return Desk()

    def _after(self, way: Way, found: Told, is_last: bool, now: datetime) -> Step | None:
        """None: the next way follows."""
        if found.state == State.DESK:
            return Desk() if is_last else None
        if found.state in OPEN:
            return Wait(None)
        if found.state in IN_VAIN:
            return None
        if is_last or not way.silent:
            return Done()
        unseen_at = self.times.after_daytime(found.sent_at or now, self.unopened_for)
        return None if unseen_at <= now else Wait(unseen_at)
