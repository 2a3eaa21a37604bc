"""What each list, search, sweep and count costs as a hospital grows: on PostgreSQL, with rows made in bulk.

The goal is at most 1.5 times from a thousand exams to a million. GROWTH_EXAMS="1000 1000000" in the environment asks
for other numbers of exams than fit into five minutes. That each of them reads few rows is held by
tests/contracts/test_growth.py.
"""

from __future__ import annotations

import math
import os
import statistics
from collections.abc import Sized
from dataclasses import dataclass

from bench.house import opened, working_folder
from bench.rounds import seconds
from bench.skipped import Skipped
from deploy.testbed import postgres
from deploy.testbed.growing_questions import Question, questions
from deploy.testbed.many_exams import ManyExams

LEVELS = (1_000, 50_000, 150_000)
GOAL = 1.5
WARM_UP, ROUNDS = 3, 15


@dataclass(frozen=True)
class Cost:
    """`median`: in seconds. `rows`: of the answer."""

    median: float
    rows: int


def run() -> None:
    if postgres.binaries() is None:
        raise Skipped("Debian's package postgresql is missing")
    levels = tuple(int(text) for text in os.environ.get("GROWTH_EXAMS", "").split()) or LEVELS
    with working_folder() as folder, postgres.cluster() as where:
        url = postgres.new_database(where, "growth")
        with opened(folder, 1, CLOUDFILM_DATABASE_URL=url) as services:
            many = ManyExams(services, url.replace("+psycopg", ""))
            seen: dict[str, list[Cost]] = {}
            for done, level in enumerate(levels, 1):
                took = seconds(lambda level=level: many.grow(level))  # type: ignore[misc]
                print(f"  {level} exams, made in {took:.0f} s", flush=True)
                for question in questions(services, many):
                    seen.setdefault(question.name, []).append(_cost(question))
                if done > 1:
                    _print(levels[:done], seen)


def _cost(question: Question) -> Cost:
    for _ in range(WARM_UP):
        answer = question.ask()
    rows = getattr(answer, "rows", answer)
    median = statistics.median(seconds(question.ask) for _ in range(ROUNDS))
    return Cost(median, len(rows) if isinstance(rows, Sized) else 0)


def _print(levels: tuple[int, ...], seen: dict[str, list[Cost]]) -> None:
    """Slope: by how many times the cost grows when the exams are ten times as many."""
    print(f"  {'ms':42}" + "".join(f"{level:>10}" for level in levels) + "   ratio  slope   rows")
    decades = math.log10(levels[-1] / levels[0]) or 1.0
    for name, costs in seen.items():
        ratio = costs[-1].median / costs[0].median
        mark = "" if ratio <= GOAL else "  above the goal"
        figures = "".join(f"{1000 * cost.median:10.2f}" for cost in costs)
        rows = f"{costs[0].rows:7}" + (f" to {costs[-1].rows}" if costs[-1].rows != costs[0].rows else "")
        print(f"  {name:42}{figures}{ratio:8.2f}{ratio ** (1 / decades):7.2f}{rows}{mark}", flush=True)
