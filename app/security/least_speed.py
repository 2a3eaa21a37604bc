"""A least speed for a peer that sends or reads. A peer that is slower over a time window should be cut off.

This file only counts. The owner of the connection reports the bytes and cuts the connection.
"""

from __future__ import annotations

import time
from collections.abc import Callable

_SHORTEST_S = 0.001
"""The shortest time limit: for a socket, 0 means that it does not block."""


class LeastSpeed:
    """A peer may fall behind `bytes_a_second` by at most `window_s` seconds. A fast peer earns no extra time, so it
    cannot be silent for an hour later.
    """

    def __init__(self, bytes_a_second: int, window_s: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._rate = bytes_a_second
        self._window_s = window_s
        self._monotonic = monotonic
        self._left_s = window_s
        self._at = monotonic()

    def left_s(self) -> float:
        """How many seconds the peer may be silent from now on. Never 0, which has another meaning for a socket."""
        self._spend()
        return max(self._left_s, _SHORTEST_S)

    def is_kept(self) -> bool:
        self._spend()
        return self._left_s > 0

    def moved(self, count: int) -> None:
        """Note that the peer sent or took `count` bytes since the last call."""
        self._spend()
        self._left_s = min(self._window_s, self._left_s + count / self._rate)

    def rest(self) -> None:
        """Do not count the time since the last call: the peer had nothing to send or to read."""
        self._at = self._monotonic()

    def _spend(self) -> None:
        now = self._monotonic()
        self._left_s -= now - self._at
        self._at = now
