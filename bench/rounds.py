"""Compares programs on a machine whose speed changes: interleaved rounds, medians, ratios. What runs is in other files.

In each round both sides run one after the other, so that a change of speed meets both. The ratio is computed in each
round. The result is the median of all rounds, so that one disturbed round does not decide.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Rounds:
    """The figures of each side, one for each round, in order."""

    seen: Mapping[str, tuple[float, ...]]

    def median(self, side: str) -> float:
        return statistics.median(self.seen[side])

    def ratios(self, side: str, other: str) -> tuple[float, ...]:
        """`side` divided by `other`, for each round."""
        return tuple(mine / its for mine, its in zip(self.seen[side], self.seen[other], strict=True))

    def ratio(self, side: str, other: str) -> float:
        return statistics.median(self.ratios(side, other))

    def spread(self, side: str, other: str) -> str:
        """The ratio with that of the lowest and the highest round, as text."""
        ratios = self.ratios(side, other)
        return f"{statistics.median(ratios):.2f} x (rounds {min(ratios):.2f} to {max(ratios):.2f})"


def interleaved(sides: Mapping[str, Callable[[int], float]], rounds: int, warm_up: int = 1) -> Rounds:
    """Run A B A B …: in each round every side once, with the round's number. Warm-up rounds are dropped."""
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
    """Processor seconds of the calling thread. Time in which it waits does not count."""
    started = time.thread_time()
    work()
    return time.thread_time() - started
