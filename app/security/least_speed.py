"""A least speed for a peer that sends or reads: who is slower than that over a window is to be cut off.

Whoever holds the connection measures and cuts.
"""

from __future__ import annotations

import time
from collections.abc import Callable

_SHORTEST_S = 0.001
"""A time limit of 0 would mean something else to a socket."""


class LeastSpeed:
    """A peer may fall behind `bytes_a_second` by `window_s` seconds. What it was faster before is not credited: nobody
    earns an hour of silence.
    """

    def __init__(self, bytes_a_second: int, window_s: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._rate = bytes_a_second
        self._window_s = window_s
        self._monotonic = monotonic
        self._left_s = window_s
        self._at = monotonic()

    def left_s(self) -> float:
        """How long the peer may be silent from now on; never 0, which would be no limit to a socket."""
        self._spend()
        return max(self._left_s, _SHORTEST_S)

    def is_kept(self) -> bool:
        self._spend()
        return self._left_s > 0

    def moved(self, count: int) -> None:
        """Bytes came, or were taken, since the last call."""
        self._spend()
        self._left_s = min(self._window_s, self._left_s + count / self._rate)

    def rest(self) -> None:
        """The time since the last call was not the peer's: it had nothing to do."""
        self._at = self._monotonic()

    def _spend(self) -> None:
        now = self._monotonic()
        self._left_s -= now - self._at
        self._at = now
