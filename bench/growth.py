"""What each list, search, sweep and count costs as a hospital grows: on PostgreSQL, with rows made in bulk.

The goal is at most 1.5 times from a thousand exams to a million. GROWTH_EXAMS="1000 1000000" in the environment asks
for other numbers of exams than fit into five minutes. That each of them reads few rows is held by
tests/contracts/test_growth.py.
"""

from __future__ import annotations

import math
import os
import statistics
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from app.bootstrap import Services
from app.jobs.steps import SWEEPS
from app.services.dicomweb.matching_keys import Level
from app.services.dicomweb.query import Search
from app.services.operations.spent_rows import SpentRows
from app.services.paging import MOMENT_AND_ROW, Asked
from bench.house import opened, working_folder
from bench.rounds import seconds
from bench.skipped import Skipped
from deploy.testbed import postgres
from deploy.testbed.many_exams import APART, ManyExams

LEVELS = (1_000, 50_000, 150_000)
GOAL = 1.5
WARM_UP, ROUNDS = 3, 15
ACTOR = "machine:bench"


@dataclass(frozen=True)
class Question:
    """`ask` asks the service as its door does."""

    name: str
    ask: Callable[[], object]


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


def questions(services: Services, many: ManyExams) -> Iterator[Question]:
    """Everything that must not grow."""
    yield from _searches(services, many)
    yield from _lists(services)
    yield from _of_machines(services, many)
    yield Question("/metrics", lambda: list(services.operations.figures.now()))
    yield Question("news of 30 days", services.operations.delivery_funnel.last_days)
    for sweep in SWEEPS:
        yield Question(f"sweep {sweep.__name__}", lambda sweep=sweep: sweep(services.worker.work))  # type: ignore[misc]
    yield Question("sweep spent rows, each time", SpentRows(db=services.db, clock=services.clock).remove_due)
    yield Question("job: the next due", services.queue.claim)


def _searches(services: Services, many: ManyExams) -> Iterator[Question]:
    person, find = many.person, services.desk.exam_search.find
    terms = {
        "accession number": "G0000000",
        "phone": person.phone,
        "name": person.name,
        "family name": "王",
        "family name in pinyin": "ZHANG",
        "initials": "LW",
        "last four of a phone": person.phone[-4:],
        "last four of an ID number": person.id_number[-4:],
        "pick-up code of nobody": "K7M2PQ",
        "ID number": person.id_number,
        "nobody": "没有这个人",
    }
    for name, term in terms.items():
        yield Question(f"search {name}", lambda term=term: find(term, ACTOR))  # type: ignore[misc]
    middle = Asked(older=MOMENT_AND_ROW.write((many.newest - many.count // 2 * APART, uuid.UUID(int=0))))
    yield Question("search family name, half-way down", lambda: find("王", ACTOR, middle))


def _lists(services: Services) -> Iterator[Question]:
    desk, audit = services.desk, services.audit.reading
    yield Question("list of waiting studies", lambda: desk.waiting.studies(ACTOR))
    yield Question("list of held exams", desk.waiting.held)
    yield Question("list of exams without pictures", desk.waiting.without_pictures)
    yield Question("list of messages to settle", desk.messages.to_be_settled)
    yield Question("list of failed messages", desk.failed_messages.newest)
    yield Question("count of messages to queue again", desk.failed_messages.count_sendable_again)
    yield Question("list of given-up jobs", services.queue.given_up)
    yield Question("list of quarantine", lambda: services.ingest.quarantine.page(ACTOR))
    yield Question("audit log", audit.newest)
    for name, value in (("action", "exam.viewed"), ("actor", "staff:7"), ("subject", "exam:none")):
        yield Question(f"audit log by {name}", lambda name=name, value=value: audit.newest(**{name: value}))  # type: ignore[misc]


def _of_machines(services: Services, many: ManyExams) -> Iterator[Question]:
    def search(*keys: tuple[str, str]) -> Callable[[], object]:
        return lambda: services.dicomweb.query.search(Search(Level.STUDY, keys, limit=50), ACTOR)

    day, year_ago = many.newest - timedelta(hours=20), many.newest - timedelta(days=365)
    yield Question("QIDO without keys", search())
    yield Question("QIDO by date", search(("StudyDate", f"{day:%Y%m%d}")))
    yield Question("QIDO by dates of a year", search(("StudyDate", f"{year_ago:%Y%m%d}-{day:%Y%m%d}")))
    yield Question("QIDO by accession number", search(("AccessionNumber", "G0000001")))
    yield Question("QIDO by patient", search(("PatientID", "P0")))
    named = search(("PatientID", "P0"), ("PatientName", many.person.name))  # of a name alone: docs/performance.md
    yield Question("QIDO by patient and name", named)


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
