"""Which waiting frame gets the next free decoding child. The study that used least time is next, so no study waits
behind a hostile one.

This file decodes nothing and knows no child. `pool` does the waiting, under its lock.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

HEAVY_S = 20.0
"""An account that used so much time of children is heavy. One frame may take so long, or a thousand ordinary frames."""
REST_S = 1.0
"""A heavy account gets the last free child only when no other account used a child for so long."""


@dataclass
class Account:
    """The time of children that one study or one request used, and its `budget_s`, in seconds.

    `Turns.end` adds the used time, under the pool's lock.
    """

    budget_s: float = float("inf")
    used_s: float = 0.0
    frames_left_out: int = 0

    @property
    def is_heavy(self) -> bool:
        return self.used_s >= HEAVY_S

    @property
    def is_spent(self) -> bool:
        return self.used_s >= self.budget_s


@dataclass(eq=False)
class Waiting:
    """One frame that waits for a child or has a child. Only one frame of the same `whole` has a child at a time."""

    account: Account
    whole: str | None = None
    since: float = 0.0


@dataclass
class Turns:
    """The frames that wait and the frames that have a child. Not thread-safe: the pool holds its lock."""

    places: int
    monotonic: Callable[[], float] = time.monotonic
    _waiting: list[Waiting] = field(default_factory=list)
    _served: list[Waiting] = field(default_factory=list)
    _others_at: float = float("-inf")

    def wait(self, one: Waiting) -> None:
        self._waiting.append(one)

    def leave(self, one: Waiting) -> None:
        """The frame stops waiting and gets no child."""
        self._waiting.remove(one)

    def is_next(self, one: Waiting) -> bool:
        """Whether `one` gets the child that is free now: its account used least, and among equals it came first."""
        fit = [other for other in self._waiting if self._may_be_served(other)]
        return bool(fit) and min(fit, key=lambda other: other.account.used_s) is one

    def serve(self, one: Waiting) -> None:
        self._waiting.remove(one)
        self._served.append(one)
        one.since = self.monotonic()

    def end(self, one: Waiting) -> None:
        now = self.monotonic()
        self._served.remove(one)
        one.account.used_s += now - one.since
        if not one.account.is_heavy:
            self._others_at = now

    def _may_be_served(self, one: Waiting) -> bool:
        if len(self._served) >= self.places:
            return False
        if one.whole is not None and any(other.whole == one.whole for other in self._served):
            return False
        return not one.account.is_heavy or self._has_room_for_heavy()

    def _has_room_for_heavy(self) -> bool:
        """Heavy accounts leave one place free, unless the others used no child for REST_S."""
        if self.monotonic() - self._others_at >= REST_S:
            return True
        return sum(other.account.is_heavy for other in self._served) < self.places - 1
