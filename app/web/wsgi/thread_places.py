"""Limits how many threads of a process do slow work at the same time, in total and for one caller. Views decide which
work is slow. They take a place after they know the caller, so a stranger never has a place."""

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
        """The places that one caller may have: all but one, so that no caller shuts out the others."""
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    def taken(self, limits: Mapping[str, int] | None = None) -> Callable[[], None] | None:
        """Take a place. Returns a function that gives the place back (a second call does nothing). None when no place
        is free, or when a caller in `limits` has all its places."""
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
        """Have a place within the block. Raises Busy, which tells the caller to come back after `retry_s` seconds."""
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
            self._taken += Counter()  # forgets callers without a place


def of_threads(threads: int, one_in: int) -> int:
    """A place for every `one_in` threads, at least one."""
    return max(1, threads // one_in)
