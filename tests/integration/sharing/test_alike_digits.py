"""Digits that open nothing are answered alike, whyever: nobody learns which digits were ever given. Right ones must
look different, as the PC shows its number: what that is worth to a guesser is in `test_attacks_on_guests_doors`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from statistics import median

import pytest
from flask import Flask
from sqlalchemy import delete, event
from werkzeug.test import EnvironBuilder, run_wsgi_app

from app.bootstrap import Services
from app.models import AccessAttempts
from app.services.sharing.hand_over import MOST_WAITING
from tests.factories.access import application
from tests.factories.counted_calls import calls
from tests.factories.house import clock_of, services
from tests.factories.paired_times import Work
from tests.factories.sharing import digits, patient, tap, type_digits, waiting_numbers

KINDS = ("expired", "replaced", "used", "tapped wrong", "waited for by three", "no digits", "empty")
NEED_PCS = ("used", "tapped wrong", "waited for by three")
OVER = ("expired", "replaced", "used", "tapped wrong")
FEW = 1 / 200
"""Of all calls."""
UNKNOWN = "x123456x7"


@pytest.fixture
def house(tmp_path: Path) -> Services:
    return services(tmp_path, log_level="error")


@pytest.fixture
def app(house: Services) -> Flask:
    return application(house)


def typed(house: Services, app: Flask, kinds: tuple[str, ...] = KINDS) -> dict[str, str]:
    """Digits of each kind; some others live besides."""
    found = {"no digits": "abc", "empty": ""}
    first, first_id = patient(app, house, "A0")
    found["expired"] = digits(first, first_id)
    clock_of(house).advance(301)
    found["replaced"] = digits(first, first_id)
    for number, kind in enumerate(kind for kind in NEED_PCS if kind in kinds):
        client, exam_id = patient(app, house, f"B{number}")
        code = found[kind] = digits(client, exam_id)
        for pc in range(MOST_WAITING if kind == "waited for by three" else 1):
            assert type_digits(app.test_client(), code, f"198.51.100.{pc}").status_code == 200
        if kind != "waited for by three":
            [shown] = waiting_numbers(client, exam_id)
            tap(client, exam_id, shown if kind == "used" else "10" if shown != "10" else "11")
    digits(first, first_id)  # replaces those of before, and lives
    return found


def post(app: Flask, code: str, source: str = "203.0.113.9") -> Callable[[], Work]:
    def prepare() -> Work:
        builder = EnvironBuilder("/d", method="POST", data={"code": code}, environ_base={"REMOTE_ADDR": source})
        environ = builder.get_environ()
        return lambda: run_wsgi_app(app.wsgi_app, environ, buffered=True)

    return prepare


def forget(house: Services) -> None:
    with house.db.session() as session:
        session.execute(delete(AccessAttempts))


def test_whyever_digits_open_nothing_page_status_and_headers_are_the_same(house: Services, app: Flask) -> None:
    codes = typed(house, app)
    assert sorted(codes) == sorted(KINDS)
    told = set()
    for code in (UNKNOWN, *codes.values()):
        forget(house)
        answer = type_digits(app.test_client(), code)
        told.add((answer.status_code, answer.data, tuple(sorted(answer.headers))))
    assert {status for status, _, _ in told} == {403}
    assert len(told) == 1


def test_whyever_digits_open_nothing_the_same_statements_run(house: Services, app: Flask) -> None:
    codes = typed(house, app)
    executed: list[str] = []
    event.listen(house.db.engine, "before_cursor_execute", lambda *args: executed.append(args[2]))
    seen = {}
    for kind, code in {"unknown": UNKNOWN, **codes}.items():
        forget(house)
        executed.clear()
        post(app, code)()()
        seen[kind] = Counter(executed)
    assert [kind for kind in seen if seen[kind] != seen["unknown"]] == []


@pytest.mark.parametrize("kind", OVER)
def test_digits_that_were_given_once_take_as_many_calls_as_others(house: Services, app: Flask, kind: str) -> None:
    """Nobody waits here: who does is read along with the next digits by hash, whatever is typed."""
    code, shares = typed(house, app, OVER)[kind], []
    for number in range(8):
        counted = []
        for each in (code, UNKNOWN) if number % 2 else (UNKNOWN, code):
            forget(house)
            counted.append(calls(post(app, each)))
        more, less = counted if number % 2 else counted[::-1]
        shares.append(abs(more - less) / less)
    assert median(shares[2:]) < FEW
