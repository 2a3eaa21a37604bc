"""What must not cost more as a hospital grows: every list, search, sweep and count, asked as its door asks.

bench/growth.py measures them, tests/contracts/test_growth.py looks at their plans.
"""

from __future__ import annotations

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
from deploy.testbed.many_exams import APART, ManyExams

ACTOR = "machine:bench"


@dataclass(frozen=True)
class Question:
    """`ask` asks the service as its door does."""

    name: str
    ask: Callable[[], object]


def questions(services: Services, many: ManyExams) -> Iterator[Question]:
    """Everything that must not grow."""
    yield from _searches(services, many)
    yield from _lists(services)
    yield from _of_machines(services, many)
    funnel = services.operations.delivery_funnel
    yield Question("/metrics", lambda: list(services.operations.figures.now()))
    yield Question("news of 30 days", lambda: (funnel.last_days(), funnel.bill()))
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
    yield Question("QIDO by name", search(("PatientName", many.person.name)))
    yield Question("QIDO by family name", search(("PatientName", "*王*")))
