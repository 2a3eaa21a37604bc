"""A cache with a limit on count or weight. The least recently used value leaves first. It knows nothing of its values.

For a pure function with a limit on count, `functools.lru_cache` is enough. This cache adds the weight of values, a
limit for each instance, and a single computation for all threads that ask for the same key.
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
    """A computation that runs now. When it is done, `result` holds the value; None when it failed."""

    done: Event = field(default_factory=Event)
    result: tuple[Value] | None = None


def _one(_: object) -> int:
    return 1


class LruCache(Generic[Key, Value]):
    """Thread-safe. Only the limit removes a value, so a key must name something that does not change."""

    def __init__(self, limit: int, weight: Callable[[Value], int] = _one) -> None:
        """`limit`: the greatest total weight of all kept values. Without `weight` each value weighs 1."""
        self._limit = limit
        self._weight = weight
        self._weighed = 0
        self._kept: OrderedDict[Key, tuple[Value, int]] = OrderedDict()
        self._under_way: dict[Key, _Computation[Value]] = {}
        self._lock = Lock()

    def get(self, key: Key) -> Value | None:
        """The kept value, or None; it then counts as the most recently used. Never waits for a computation."""
        with self._lock:
            found = self._found(key)
        return None if found is None else found[0]

    def computed(self, key: Key, compute: Callable[[], Value]) -> Value:
        """The kept value, else the value of `compute`, which is then kept unless it alone is heavier than the limit.

        Other threads that ask for the key meanwhile wait for that value. When `compute` raises, its caller gets the
        error, and nothing is kept. Each waiting thread then computes the value itself, at once: the error may concern
        the first thread only, and no thread waits for two failures.

        `compute` must not ask for its own key. It must not wait for anything that a thread waiting here may hold: a
        lock, the last connection, a transaction.
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

    def make_room(self, weight: int) -> None:
        """Drop the least recently used values until so much more fits. A caller calls it before it computes something
        heavy, so that old and new are never in memory together."""
        with self._lock:
            while self._kept and self._weighed + weight > self._limit:
                self._weighed -= self._kept.popitem(last=False)[1][1]

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
            if weight > self._limit or key in self._kept:  # after a failure several threads compute it
                return
            self._kept[key] = (value, weight)
            self._weighed += weight
            while self._weighed > self._limit:
                self._weighed -= self._kept.popitem(last=False)[1][1]
