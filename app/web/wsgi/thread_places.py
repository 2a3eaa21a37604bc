"""How many of a process's threads may be busy with something slow at once. What that is, others decide."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Share:
    """Counted places; whoever finds none is not kept waiting."""

    def __init__(self, places: int) -> None:
        self._places = threading.Semaphore(places)

    def taken(self) -> Callable[[], None] | None:
        """What gives the place back, however often it is called; None when there is none."""
        if not self._places.acquire(blocking=False):
            return None
        once = threading.Lock()  # never given back: who finds it free is the first

        def give_back() -> None:
            if once.acquire(blocking=False):
                self._places.release()

        return give_back


def of_threads(threads: int, one_in: int) -> Share:
    """One thread in so many, at least one."""
    return Share(max(1, threads // one_in))
