"""No list, search, sweep or count reads more rows as a hospital grows: the plan of each statement on PostgreSQL.

Asked are the questions of deploy/testbed/growing_questions.py, every sweep of the worker, and every page of the console
that has no part in its address, so a new page is here without being named. What a plan reads is what counts, not time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import event, text

from app.bootstrap import Services
from app.security.permissions import Role
from app.services.dicomweb.query import MOST_COUNTED
from deploy.testbed import postgres
from deploy.testbed.growing_questions import questions
from deploy.testbed.many_exams import ManyExams
from tests.factories.access import application
from tests.factories.house import services
from tests.factories.staff import console

EXAMS = 4000
MOST_READ = 400
"""Rows of one table or index in one statement: a page and its neighbours, in several joins."""

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(postgres.binaries() is None, reason="Debian's postgresql is missing: nothing here was run"),
]
Asked = tuple[str, Any]


@dataclass(frozen=True)
class Hospital:
    house: Services
    many: ManyExams

    def ask(self, name: str) -> Callable[[], object]:
        return {question.name: question.ask for question in questions(self.house, self.many)}[name]


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    with postgres.cluster() as where:
        url = postgres.new_database(where, "growth")
        built = services(tmp_path_factory.mktemp("growth"), database_url=url)
        many = ManyExams(built, url.replace("+psycopg", ""))
        many.grow(EXAMS)
        yield Hospital(built, many)
        built.pictures.renderer.close()
        built.db.dispose()


@contextmanager
def statements(house: Services) -> Iterator[list[Asked]]:
    """Every SELECT that is sent meanwhile, with its values."""
    sent: list[Asked] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            sent.append((statement, parameters))

    event.listen(house.db.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(house.db.engine, "before_cursor_execute", note)


def rows_read(house: Services, asked: Asked) -> dict[str, int]:
    """By table or index, of the one step that reads most of it."""
    statement, parameters = asked
    with house.db.engine.connect() as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        explain = f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}"
        (plan,) = connection.exec_driver_sql(explain, parameters).scalar_one()
        connection.rollback()
    found: dict[str, int] = {}
    for step in steps(plan["Plan"]):
        name = step.get("Relation Name") or step.get("Index Name")
        if name:
            dropped = sum(int(step.get(f"Rows Removed by {why}", 0)) for why in ("Filter", "Index Recheck"))
            read = (int(step["Actual Rows"]) + dropped) * int(step["Actual Loops"])
            found[name] = max(read, found.get(name, 0))
    return found


def steps(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from steps(below)


def too_much(hospital: Hospital, sent: list[Asked]) -> list[str]:
    """What is read of tables by statements that read more than they show."""
    return [
        f"{read} rows of {name}: {asked[0]}"
        for asked in sent
        for name, read in rows_read(hospital.house, asked).items()
        if read > (MOST_READ if "count(*)" not in asked[0] else MOST_COUNTED + MOST_READ)
    ]


def test_no_question_reads_more_than_it_shows(hospital: Hospital) -> None:
    found = {}
    for question in questions(hospital.house, hospital.many):
        with statements(hospital.house) as sent:
            question.ask()
        found[question.name] = too_much(hospital, sent)
    assert not {name: faults for name, faults in found.items() if faults}


def test_no_page_of_the_console_reads_more_than_it_shows(hospital: Hospital) -> None:
    app = application(hospital.house)
    pages = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/staff") and not rule.arguments and "GET" in (rule.methods or ())
    ]
    found, shown = list[str](), set[str]()
    for role in Role:
        browser = console(app, hospital.house, role)
        for page in pages:
            with statements(hospital.house) as sent:
                shown |= {page} if browser.get(page).status_code == 200 else set()
            found += [f"{page}: {fault}" for fault in too_much(hospital, sent)]
    assert shown >= {"/staff/exams", "/staff/unmatched", "/staff/messages", "/staff/system", "/staff/audit"}
    assert not found


@pytest.mark.parametrize(
    "name", ["search family name", "QIDO by date", "audit log by actor", "list of failed messages"]
)
def test_without_its_index_a_question_would_be_noticed(hospital: Hospital, name: str) -> None:
    """The test above sees what it is for."""
    with statements(hospital.house) as sent:
        hospital.ask(name)()
    assert sent
    with hospital.house.db.engine.connect() as connection:
        for (index,) in connection.execute(text(_DROPPABLE)).all():
            connection.execute(text(f"DROP INDEX {index}"))
        connection.execute(text("ALTER TABLE exam_search_key DROP CONSTRAINT pk_exam_search_key"))
        worst = max(_read_on(connection, asked) for asked in sent)
        connection.rollback()
    assert worst >= EXAMS


_DROPPABLE = """SELECT indexrelid::regclass FROM pg_index WHERE NOT indisprimary AND NOT indisunique
    AND indrelid IN ('audit_event'::regclass, 'notification'::regclass, 'study'::regclass)"""


def _read_on(connection: Any, asked: Asked) -> int:
    statement, parameters = asked
    (plan,) = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters).scalar_one()
    return max(
        (int(step["Actual Rows"]) + int(step.get("Rows Removed by Filter", 0))) * int(step["Actual Loops"])
        for step in steps(plan["Plan"])
    )
