"""The children of one kind that the threads of this process share: a thread has a child for itself while it asks. The
order of those that wait is in `turns`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition
from typing import Generic, Protocol, TypeVar

from app.imaging.errors import ChildUnavailable
from app.imaging.sandbox.turns import REST_S, Turns, Waiting


class SharedChild(Protocol):
    """`served`: how many requests it answered. `usable` is False after it died, was late or answered nonsense."""

    served: int
    usable: bool
    is_closed: bool

    def close(self) -> None: ...


Kind = TypeVar("Kind", bound=SharedChild)


class Children(Generic[Kind]):
    """Up to `places` children, which start when they are first needed. Thread-safe.

    A child that answered `most_served` requests is replaced: memory that hostile bytes leak must not add up until good
    ones fail.
    """

    def __init__(self, places: int, most_served: int, start: Callable[[], Kind]) -> None:
        self._most_served = most_served
        self._start = start
        self._free = Condition()
        self._idle: list[Kind] = []
        self._closed = False
        self._turns = Turns(places)

    @contextmanager
    def one(self, turn: Waiting, best: Callable[[Kind], bool] = lambda child: False) -> Iterator[Kind]:
        """A child for one request. It is closed afterwards when it is not usable any more. Raises ChildUnavailable."""
        child = self._take(turn, best)
        try:
            yield child
        finally:
            self._give_back(child, turn)

    def has_idle(self, kind: Callable[[Kind], bool]) -> bool:
        """Whether a child of this kind has nothing to do now."""
        with self._free:
            return any(map(kind, self._idle))

    def _take(self, turn: Waiting, best: Callable[[Kind], bool]) -> Kind:
        """Wait for the turn, then take a child: the `best` one, else any idle one, else a new one."""
        with self._free:
            self._turns.wait(turn)
            while not self._closed and not self._turns.is_next(turn):
                self._free.wait(REST_S)
            if self._closed:
                self._turns.leave(turn)
                raise ChildUnavailable("the pool is closed")
            self._turns.serve(turn)
            self._free.notify_all()  # there may be a free place for the next one, too
            if self._idle:
                child = next(filter(best, self._idle), self._idle[-1])
                self._idle.remove(child)
                return child
        try:
            return self._start()
        except BaseException:
            self._end(turn)
            raise

    def _give_back(self, child: Kind, turn: Waiting) -> None:
        if not child.usable or child.served >= self._most_served:
            child.close()
        self._end(turn, child)

    def _end(self, turn: Waiting, child: Kind | None = None) -> None:
        with self._free:
            if child is not None and not child.is_closed:
                if self._closed:
                    child.close()
                else:
                    self._idle.append(child)
            self._turns.end(turn)
            self._free.notify_all()

    def close(self) -> None:
        """End all idle children. A busy child finishes its request first."""
        with self._free:
            self._closed = True
            idle, self._idle = self._idle, []
            self._free.notify_all()
        for child in idle:
            child.close()
