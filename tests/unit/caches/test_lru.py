"""The cache keeps its bound, forgets in order, and lets one thread compute what several ask for."""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Barrier, Event, Lock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.caches.lru import LruCache

PATIENCE_S = 30


class Asked:
    """A key that counts how often it was looked up: who looked it up once already sees what is under way."""

    def __init__(self) -> None:
        self.count = 0

    def __hash__(self) -> int:
        self.count += 1
        return 1

    def __eq__(self, other: object) -> bool:
        return self is other


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def not_wanted() -> int:
    raise AssertionError("computed again")


def test_a_kept_value_is_not_computed_again_even_when_it_is_none() -> None:
    cache: LruCache[str, int | None] = LruCache(2)
    assert cache.get("a") is None
    assert cache.computed("a", lambda: None) is None
    assert cache.computed("a", not_wanted) is None
    assert cache.computed("b", lambda: 7) == 7
    assert (cache.get("b"), cache.computed("b", not_wanted)) == (7, 7)


def test_what_was_asked_for_longest_ago_gives_way_to_the_next() -> None:
    cache: LruCache[str, str] = LruCache(3)
    for key in "abc":
        cache.computed(key, lambda key=key: key)
    assert cache.get("a") == "a"
    assert cache.computed("b", lambda: "another") == "b"
    cache.computed("d", lambda: "d")
    assert [cache.get(key) for key in "abcd"] == ["a", "b", None, "d"]


def test_a_heavy_value_pushes_out_as_many_as_it_takes() -> None:
    cache: LruCache[str, int] = LruCache(10, weight=lambda value: value)
    for key, weight in (("a", 4), ("b", 4), ("c", 2), ("d", 7)):
        cache.computed(key, lambda weight=weight: weight)
    assert [cache.get(key) for key in "abcd"] == [None, None, 2, 7]


def test_a_value_heavier_than_the_limit_is_given_but_not_kept_and_pushes_nothing_out() -> None:
    cache: LruCache[str, int] = LruCache(10, weight=lambda value: value)
    cache.computed("a", lambda: 10)
    assert cache.computed("b", lambda: 11) == 11
    assert (cache.get("a"), cache.get("b")) == (10, None)


@pytest.mark.parametrize("error", [ValueError, MemoryError, SystemExit])
def test_a_failed_computation_is_not_kept_and_the_next_one_counts(error: type[BaseException]) -> None:
    cache: LruCache[str, int] = LruCache(2)

    def fail() -> int:
        raise error

    for _ in range(2):
        with pytest.raises(error):
            cache.computed("a", fail)
    assert cache.computed("a", lambda: 1) == 1


def test_threads_that_ask_for_the_same_key_get_the_one_value_of_the_first() -> None:
    cache: LruCache[Asked, object] = LruCache(2)
    key, released, computed = Asked(), Event(), []

    def compute() -> object:
        assert released.wait(PATIENCE_S)
        computed.append(object())
        return computed[-1]

    with ThreadPoolExecutor(8) as threads:
        first = threads.submit(cache.computed, key, compute)
        until(lambda: key.count >= 3)  # two look-ups and its own entry
        others = [threads.submit(cache.computed, key, not_wanted) for _ in range(7)]
        until(lambda: key.count >= 3 + 2 * 7)
        assert not any(asked.done() for asked in (first, *others))
        assert cache.computed(Asked(), lambda: "another key waits for nobody") == "another key waits for nobody"
        released.set()
        found = [asked.result(PATIENCE_S) for asked in (first, *others)]
    assert len(computed) == 1
    assert all(value is computed[0] for value in found)


def test_a_value_too_heavy_to_keep_still_reaches_all_who_waited_for_it() -> None:
    cache: LruCache[Asked, str] = LruCache(1, weight=len)
    key, released = Asked(), Event()

    def compute() -> str:
        assert released.wait(PATIENCE_S)
        return "heavy"

    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(cache.computed, key, compute)
        until(lambda: key.count >= 3)
        other = threads.submit(cache.computed, key, not_wanted)
        until(lambda: key.count >= 5)
        released.set()
        assert (first.result(PATIENCE_S), other.result(PATIENCE_S), cache.get(key)) == ("heavy", "heavy", None)


def test_when_the_first_fails_only_it_gets_the_error_and_all_who_waited_compute_at_once() -> None:
    cache: LruCache[Asked, int] = LruCache(2)
    key, released, together = Asked(), Event(), Barrier(3)

    def fail() -> int:
        assert released.wait(PATIENCE_S)
        raise ValueError("the first one's own")

    def compute() -> int:
        together.wait(PATIENCE_S)  # none of them waits for another
        return 5

    with ThreadPoolExecutor(4) as threads:
        first = threads.submit(cache.computed, key, fail)
        until(lambda: key.count >= 3)
        others = [threads.submit(cache.computed, key, compute) for _ in range(3)]
        until(lambda: key.count >= 3 + 2 * 3)
        released.set()
        assert [other.result(PATIENCE_S) for other in others] == [5, 5, 5]
        with pytest.raises(ValueError, match="own"):
            first.result(PATIENCE_S)
    assert cache.computed(key, not_wanted) == 5


@pytest.mark.hypothesis
def test_it_keeps_and_forgets_as_a_plain_list_of_the_last_asked_would() -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=200, deadline=None)
    @given(st.integers(1, 12), st.lists(st.tuples(st.integers(0, 6), st.integers(0, 14)), min_size=10, max_size=60))
    def run(limit: int, asks: list[tuple[int, int]]) -> None:
        cache: LruCache[int, tuple[int, int]] = LruCache(limit, weight=lambda value: value[0])
        model: OrderedDict[int, tuple[int, int]] = OrderedDict()
        for number, (key, weight) in enumerate(asks):
            if key in model:
                seen["kept"] += 1
                model.move_to_end(key)
                assert cache.computed(key, lambda: (0, -1)) == model[key]
                continue
            value = (weight, number)
            assert cache.computed(key, lambda value=value: value) == value
            if weight > limit:
                seen["too heavy"] += 1
                continue
            model[key] = value
            while sum(kept for kept, _ in model.values()) > limit:
                seen["evicted"] += 1
                model.popitem(last=False)
        assert [cache.get(key) for key in sorted(range(7))] == [model.get(key) for key in range(7)]

    run()
    assert all(seen[event] > 100 for event in ("kept", "too heavy", "evicted")), seen


class Workload:
    """Threads ask for few keys with a small bound. Counts what happened, and notes each breach of a promise."""

    def __init__(self, limit: int) -> None:
        self.cache: LruCache[int, tuple[int, int]] = LruCache(limit, weight=lambda value: value[1])
        self.seen: Counter[str] = Counter()
        self._asking: Counter[int] = Counter()
        self._computing: Counter[int] = Counter()
        self._lock = Lock()

    def _compute(self, key: int, weight: int) -> tuple[int, int]:
        with self._lock:
            self._computing[key] += 1
            assert self._computing[key] == 1, "two compute one key"
        time.sleep(0.0005)
        with self._lock:
            self._computing[key] -= 1
            self.seen["computed"] += 1
            self.seen["asked for while computed"] += self._asking[key] > 1
        return key, weight

    def ask(self, asks: list[tuple[int, int]]) -> None:
        for key, weight in asks:
            with self._lock:
                self._asking[key] += 1
            value = self.cache.computed(key, lambda key=key, weight=weight: self._compute(key, weight))
            with self._lock:
                self._asking[key] -= 1
                self.seen["asked"] += 1
            assert value[0] == key, "another key's value"


@pytest.mark.hypothesis
def test_under_many_threads_no_key_is_computed_twice_at_once_and_the_bound_holds() -> None:
    seen: Counter[str] = Counter()
    asks = st.lists(st.tuples(st.integers(0, 5), st.integers(1, 5)), min_size=5, max_size=12)

    @settings(max_examples=30, deadline=None)
    @given(st.integers(4, 9), st.lists(asks, min_size=4, max_size=4))
    def run(limit: int, of_threads: list[list[tuple[int, int]]]) -> None:
        work = Workload(limit)
        with ThreadPoolExecutor(4) as threads:
            under_way: list[Future[None]] = [threads.submit(work.ask, asks) for asks in of_threads]
            for thread in under_way:
                thread.result(PATIENCE_S)
        kept = [value for key in range(6) if (value := work.cache.get(key)) is not None]
        assert sum(weight for _, weight in kept) <= limit
        seen.update(work.seen)
        computed_keys = len({key for asks in of_threads for key, _ in asks})
        seen["computed again after it gave way"] += work.seen["computed"] - computed_keys

    run()
    assert seen["asked for while computed"] > 20, seen
    assert seen["computed again after it gave way"] > 20, seen
    assert seen["computed"] < seen["asked"], seen
