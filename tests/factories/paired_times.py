"""Does one way take longer than another? Interleaved pairs in one process, and statistics that outliers do not move."""

from __future__ import annotations

import gc
import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Work = Callable[[], object]
Prepare = Callable[[], Work]


@dataclass(frozen=True)
class Difference:
    """Of paired times: two z scores, each about 0 where nothing differs, and the median in seconds."""

    signed_rank: float
    sign: float
    median_s: float
    pairs: int

    def is_beyond(self, z: float) -> bool:
        """Both tests must say so: a loaded machine moves ranks of single pairs, and not the number of signs."""
        return abs(self.signed_rank) > z and abs(self.sign) > z

    def __str__(self) -> str:
        found = f"z {self.signed_rank:.1f} by ranks, {self.sign:.1f} by signs"
        return f"{found}, median {self.median_s * 1e6:.1f} us of {self.pairs} pairs"


def measured(pairs: int, pair: Callable[[int], tuple[Prepare, Prepare]]) -> list[float]:
    """First's seconds minus second's, for so many pairs; which of the two runs first is drawn anew each time.

    Each is prepared right before it runs: what was prepared last lies nearer to the processor.
    """
    differences = []
    gc.collect()
    gc.disable()
    try:
        for number in range(pairs):
            first, second = pair(number)
            if random.getrandbits(1):
                one = _seconds(first())
                differences.append(one - _seconds(second()))
            else:
                other = _seconds(second())
                differences.append(_seconds(first()) - other)
            if number % 200 == 199:
                gc.collect()
    finally:
        gc.enable()
    return differences


def difference(differences: Sequence[float]) -> Difference:
    """Wilcoxon's signed-rank test and the sign test, with their normal approximations."""
    nonzero = sorted((value for value in differences if value), key=abs)
    n = len(nonzero)
    above = sum(rank for rank, value in enumerate(nonzero, 1) if value > 0)
    signed_rank = (above - n * (n + 1) / 4) / math.sqrt(n * (n + 1) * (2 * n + 1) / 24)
    sign = (sum(value > 0 for value in nonzero) - n / 2) / math.sqrt(n / 4)
    return Difference(signed_rank, sign, sorted(differences)[len(differences) // 2], n)


def _seconds(work: Work) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
