"""What each list, search, sweep and count costs as a hospital grows: on PostgreSQL, with rows made in bulk.

The goal is at most 1.5 times from a thousand exams to a million. GROWTH_EXAMS="1000 1000000" in the environment asks
for other numbers of exams than fit into five minutes. That each of them reads few rows is held by
tests/contracts/test_growth.py.
"""

from __future__ import annotations

import math
import os
import statistics

from bench.house import opened, working_folder
from bench.rounds import seconds
from bench.skipped import Skipped
from deploy.testbed import postgres
from deploy.testbed.growing_questions import Question, questions
from deploy.testbed.many_exams import ManyExams

LEVELS = (1_000, 50_000, 150_000)
GOAL = 1.5
WARM_UP, ROUNDS = 3, 15


def run() -> None:
    if postgres.binaries() is None:
        raise Skipped("Debian's package postgresql is missing")
    levels = tuple(int(text) for text in os.environ.get("GROWTH_EXAMS", "").split()) or LEVELS
    with working_folder() as folder, postgres.cluster() as where:
        url = postgres.new_database(where, "growth")
        with opened(folder, 1, CLOUDFILM_DATABASE_URL=url) as services:
            many = ManyExams(services, url.replace("+psycopg", ""))
            seen: dict[str, list[float]] = {}
            for level in levels:
                many.grow(level)
                for question in questions(services, many):
                    seen.setdefault(question.name, []).append(_cost(question))
    _print(levels, seen)


def _cost(question: Question) -> float:
    """Median, in seconds."""
    for _ in range(WARM_UP):
        question.ask()
    return statistics.median(seconds(question.ask) for _ in range(ROUNDS))


def _print(levels: tuple[int, ...], seen: dict[str, list[float]]) -> None:
    """Slope: by how many times the cost grows when the exams are ten times as many."""
    print(f"  {'ms':42}" + "".join(f"{level:>10}" for level in levels) + "   ratio  slope")
    decades = math.log10(levels[-1] / levels[0]) or 1.0
    for name, costs in seen.items():
        ratio = costs[-1] / costs[0]
        mark = "" if ratio <= GOAL else "  above the goal"
        figures = "".join(f"{1000 * cost:10.2f}" for cost in costs)
        print(f"  {name:42}{figures}{ratio:8.2f}{ratio ** (1 / decades):7.2f}{mark}")
