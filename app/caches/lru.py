"""A cache bounded by count or by weight; what was asked for longest ago gives way. Each key is computed once at a time.

For a pure function and a bound by count `functools.lru_cache` is enough. This one adds the weight of values, a bound
for each instance, and one computation for all threads that ask for the same key.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


@dataclass
class _Computation(Generic[Value]):
    """One that is under way. `result` holds the value once it is done, and nothing when it failed."""

    done: Event = field(default_factory=Event)
    result: tuple[Value] | None = None


def _one(_: object) -> int:
    return 1


class LruCache(Generic[Key, Value]):
    """Thread-safe. Values leave by the bound alone, so a key must name something that does not change."""

    def __init__(self, limit: int, weight: Callable[[Value], int] = _one) -> None:
        """`limit`: the most that all kept values weigh together. Without `weight` each weighs 1, and it is a count."""
        self._limit = limit
        self._weight = weight
        self._weighed = 0
        self._kept: OrderedDict[Key, tuple[Value, int]] = OrderedDict()
        self._under_way: dict[Key, _Computation[Value]] = {}
        self._lock = Lock()

    def get(self, key: Key) -> Value | None:
        """The kept value, now the last to give way; None when there is none. Never waits for a computation."""
        with self._lock:
            found = self._found(key)
        return None if found is None else found[0]

    def computed(self, key: Key, compute: Callable[[], Value]) -> Value:
        """The kept value, else what `compute` returns: it is kept, unless it alone is heavier than the limit.

        Other threads that ask for the key meanwhile wait for that value. When `compute` raises, its own caller gets the
        error and nothing is kept. Each thread that waited then computes for itself, at once: the error may be of the
        first thread alone, and nobody waits for two failures.

        `compute` must not ask for its own key, nor for anything that a thread which waits here may hold: a lock, the
        last connection, a transaction.
        """
        with self._lock:
            found = self._found(key)
            if found is not None:
                return found[0]
            other = self._under_way.get(key)
            if other is None:
                mine = self._under_way[key] = _Computation()
        if other is None:
            return self._compute(key, compute, mine)
        other.done.wait()
        return other.result[0] if other.result is not None else self._compute(key, compute, None)

    def _compute(self, key: Key, compute: Callable[[], Value], mine: _Computation[Value] | None) -> Value:
        try:
            value = compute()
            self._keep(key, value, self._weight(value))
            if mine is not None:
                mine.result = (value,)
            return value
        finally:
            if mine is not None:
                with self._lock:
                    del self._under_way[key]
                mine.done.set()

    def _found(self, key: Key) -> tuple[Value, int] | None:
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def _keep(self, key: Key, value: Value, weight: int) -> None:
        with self._lock:
            if weight > self._limit or key in self._kept:  # after a failure several may have computed it
                return
            self._kept[key] = (value, weight)
            self._weighed += weight
            while self._weighed > self._limit:
                self._weighed -= self._kept.popitem(last=False)[1][1]
