"""Whose turn it is when a decoding child is free: fair by the time used, so that no study waits behind a hostile one.

Here nothing is decoded and no child is known by name. The waiting itself is done by `pool`, under its lock.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

HEAVY_S = 20.0
"""Who used so much time of children is heavy: as much as one frame may take, or a thousand ordinary ones."""
REST_S = 1.0
"""The last free child is for a heavy one only when the others were silent for so long."""


@dataclass
class Account:
    """The time of children that one study, or one request, used; `budget_s` is all that it may use.

    `spend` is called by several threads under the pool's lock.
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
    """One frame that waits for a child, or has one. `whole`: only one frame of such an object has a child at a time."""

    account: Account
    whole: str | None = None
    since: float = 0.0


@dataclass
class Turns:
    """Who waits, and who has a child. Not thread-safe: the pool holds its lock."""

    places: int
    monotonic: Callable[[], float] = time.monotonic
    _waiting: list[Waiting] = field(default_factory=list)
    _served: list[Waiting] = field(default_factory=list)
    _others_at: float = float("-inf")

    def wait(self, one: Waiting) -> None:
        self._waiting.append(one)

    def leave(self, one: Waiting) -> None:
        """It waits no more, and gets no child."""
        self._waiting.remove(one)

    def is_next(self, one: Waiting) -> bool:
        """Whether a child that is free now is for `one`: for who used least, and among equals for who came first."""
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
        """One place is theirs only while the others are silent."""
        if self.monotonic() - self._others_at >= REST_S:
            return True
        return sum(other.account.is_heavy for other in self._served) < self.places - 1
