"""A try at a live code does the work of one at a dead code: as many calls of functions, and the same statements.

Time hangs on the machine, calls do not: tests/functional/test_alike_in_time.py looks at the clock.
"""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from sqlalchemy import event, select

from app.models import OneTimeCode, PatientSession
from tests.factories.counted_calls import calls
from tests.factories.live_and_dead import FORMS, WAYS, Rig, tell_apart
from tests.factories.paired_times import Prepare

EXAMS, WARM = 6, 2
FEW = 1 / 200
"""Of all calls: an attribute is read, an object is let go sooner."""


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path, EXAMS)
    yield rig
    rig.house.db.dispose()


def shares(rig: Rig, way: str, kind: str) -> list[float]:
    """By which share of its calls a live code needs more than a dead one, for some pairs."""
    found = []
    for number in range(EXAMS):
        live, dead = rig.pair(way, FORMS[kind], number)
        (more, less) = (calls(live), calls(dead)) if number % 2 else (calls(dead), calls(live))[::-1]
        found.append((more - less) / less)
    return found[WARM:]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", FORMS)
def test_as_many_calls(rig: Rig, way: str, kind: str) -> None:
    """By the median: now and then a driver prepares a statement, or looks whether its connection still lives."""
    assert median(abs(share) for share in shares(rig, way, kind)) < FEW


@pytest.mark.parametrize("way", WAYS)
def test_the_count_finds_what_was_there_before(rig: Rig, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tell_apart(monkeypatch)
    assert min(shares(rig, way, "factor")) > FEW


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", FORMS)
def test_the_same_statements(rig: Rig, way: str, kind: str) -> None:
    executed: list[str] = []
    event.listen(rig.house.db.engine, "before_cursor_execute", lambda *args: executed.append(args[2]))
    for number in range(EXAMS):
        seen = []
        for prepare in rig.pair(way, FORMS[kind], number):
            executed.clear()
            prepare()()
            seen.append(Counter(executed))
        assert seen[0] == seen[1]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["factor", "one-time code"])
def test_the_same_work_when_the_live_code_has_a_row_and_the_dead_one_has_none(rig: Rig, way: str, kind: str) -> None:
    """Both rows are written. Only the end of a savepoint differs, which keeps the row or takes it back."""
    rig.is_crowded = True
    executed: list[str] = []
    event.listen(rig.house.db.engine, "before_cursor_execute", lambda *args: executed.append(args[2]))
    for number in range(EXAMS):
        seen, rows = [], []
        for prepare in rig.pair(way, FORMS[kind], number):
            executed.clear()
            before = rig.failures()
            prepare()()
            rows.append(rig.failures() - before)
            seen.append(Counter(re.sub("^(RELEASE|ROLLBACK TO) SAVEPOINT .*", "end", each) for each in executed))
        assert rows == [1, 0]
        assert seen[0] == seen[1]
    assert median(abs(share) for share in shares(rig, way, kind)) < FEW


@pytest.mark.parametrize("way", WAYS)
def test_what_is_read_for_a_code_of_nobody_opens_nothing_and_counts_nowhere(rig: Rig, way: str) -> None:
    """The rows of the next code by hash stand in: its factor and its one-time code are worth nothing here."""
    house, exam = rig.house, rig.exams[0]
    read_out = house.desk.exams.let_in(uuid.UUID(hex=exam.exam_id), "lost", "staff:desk")
    for number in range(3 * EXAMS):
        for form in ({"factor": exam.factor}, {"one_time_code": read_out}):
            dead = rig.pair(way, form, number)[1]
            assert run(dead).startswith("403")
    with house.db.read() as session:
        assert session.scalars(select(OneTimeCode.failures)).all() == [0]
        assert session.scalars(select(PatientSession.id)).all() == []


def run(prepare: Prepare) -> str:
    found: Any = prepare()()
    return str(found[1])
