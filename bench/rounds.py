"""How two things are compared on a machine that changes its speed: interleaved rounds, medians, ratios. No measuring.

Both sides of a round run one after the other, so that a change of speed meets both; the ratio is taken within each
round, and the median over the rounds keeps one disturbed round from deciding.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Rounds:
    """What each side gave in each round, in order; all sides have as many."""

    seen: Mapping[str, tuple[float, ...]]

    def median(self, side: str) -> float:
        return statistics.median(self.seen[side])

    def ratios(self, side: str, other: str) -> tuple[float, ...]:
        """`side` in parts of `other`, round by round."""
        return tuple(mine / its for mine, its in zip(self.seen[side], self.seen[other], strict=True))

    def ratio(self, side: str, other: str) -> float:
        return statistics.median(self.ratios(side, other))

    def spread(self, side: str, other: str) -> str:
        """The ratio with the lowest and highest round, for people."""
        ratios = self.ratios(side, other)
        return f"{statistics.median(ratios):.2f} x (rounds {min(ratios):.2f} to {max(ratios):.2f})"


def interleaved(sides: Mapping[str, Callable[[int], float]], rounds: int, warm_up: int = 1) -> Rounds:
    """A B A B …: every side once a round, told the round's number. Warm-up rounds come first and are not kept."""
    seen: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(warm_up + rounds):
        for name, measure in sides.items():
            value = measure(number)
            if number >= warm_up:
                seen[name].append(value)
    return Rounds({name: tuple(values) for name, values in seen.items()})


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def processor_seconds(work: Callable[[], object]) -> float:
    """What the calling thread computed; waiting and being pushed aside do not count."""
    started = time.thread_time()
    work()
    return time.thread_time() - started
