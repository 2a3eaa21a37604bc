"""How many threads of a process may do something slow at the same time. Callers decide what that is."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Hashable


class Share:
    """Counted places. A caller who finds none does not wait."""

    def __init__(self, places: int) -> None:
        self._places = threading.Semaphore(places)

    def taken(self) -> Callable[[], None] | None:
        """A function that gives the place back (a second call does nothing); None when no place is free."""
        if not self._places.acquire(blocking=False):
            return None
        once = threading.Lock()  # taken by the first call and never freed

        def give_back() -> None:
            if once.acquire(blocking=False):
                self._places.release()

        return give_back


class SharePerHolder:
    """Counted places for each holder, a session say. A caller who finds none does not wait."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._taken: Counter[Hashable] = Counter()
        self._lock = threading.Lock()

    def taken(self, holder: Hashable) -> Callable[[], None] | None:
        """A function that gives the place back, to be called once; None when all places of `holder` are taken."""
        with self._lock:
            if self._taken[holder] >= self._places:
                return None
            self._taken[holder] += 1

        def give_back() -> None:
            with self._lock:
                self._taken[holder] -= 1
                if not self._taken[holder]:
                    del self._taken[holder]

        return give_back


def of_threads(threads: int, one_in: int) -> Share:
    """A place for every `one_in` threads, at least one."""
    return Share(max(1, threads // one_in))
