"""How many threads of a process may do something slow at the same time, in all and for one caller. Views decide what
that is, and take a place after they know who asks: a stranger never has one.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from app.errors import Busy

RETRY_S = 60


class Places:
    """Counted places. A caller who finds none does not wait."""

    def __init__(self, places: int) -> None:
        self._free = places
        self.for_one = max(1, places - 1)
        """What a single caller may have: all but one place, so that nobody shuts out the others."""
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    def taken(self, limits: Mapping[str, int] | None = None) -> Callable[[], None] | None:
        """A function that gives the place back (a second call does nothing); None when no place is free, or one of the
        callers named in `limits` has as many as it may have."""
        callers = limits or {}
        with self._lock:
            if self._free <= 0 or any(self._taken[caller] >= most for caller, most in callers.items()):
                return None
            self._free -= 1
            self._taken.update(callers.keys())
        once = threading.Lock()  # taken by the first call and never freed

        def give_back() -> None:
            if once.acquire(blocking=False):
                self._give_back(callers)

        return give_back

    @contextmanager
    def place(self, limits: Mapping[str, int], retry_s: int = RETRY_S) -> Iterator[None]:
        """Have a place within the block. Raises Busy, which asks the caller to come back after `retry_s`."""
        give_back = self.taken(limits)
        if give_back is None:
            raise Busy(retry_s)
        try:
            yield
        finally:
            give_back()

    def _give_back(self, callers: Mapping[str, int]) -> None:
        with self._lock:
            self._free += 1
            self._taken.subtract(callers.keys())
            self._taken += Counter()  # forgets who has none


def of_threads(threads: int, one_in: int) -> int:
    """A place for every `one_in` threads, at least one."""
    return max(1, threads // one_in)
