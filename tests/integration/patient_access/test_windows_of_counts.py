"""The count of an address or a phone never falls by a request that comes late, and a success costs nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask

from app.bootstrap import Services
from app.database import Database
from app.models import AccessAttempts
from app.repos.patient_access import attempts as repo
from tests.factories.access import Issued, application, issued, pick_up, post, statuses
from tests.factories.house import clock_of, services

KEY, HOUR = b"k" * 32, timedelta(hours=1)


@pytest.fixture
def few(tmp_path: Path) -> Services:
    return services(tmp_path, address_failures_per_hour="3")


def count(house: Services, at: datetime, most: int | None = None) -> datetime | None:
    with house.db.session() as session:
        repo.ensure_attempts(session, "address", KEY, at)
        return repo.count_in_window(session, "address", KEY, at, HOUR, most)


def counted(house: Services, scope: str = "address") -> list[int]:
    with house.db.read() as session:
        return [row.window_count for row in session.query(AccessAttempts).filter_by(scope=scope)]


@pytest.mark.parametrize("late_s", [0.001, 1, 29, 3599, 86400])
def test_a_request_with_an_older_clock_is_counted_in_the_window_that_runs(house: Services, late_s: float) -> None:
    now = house.clock.now()
    for _ in range(3):
        assert count(house, now, 3) == now
    late = now - timedelta(seconds=late_s)
    assert count(house, late, 3) is None
    assert counted(house) == [3]
    assert count(house, late) == late  # from here on the window runs: it is no longer than an hour by any clock
    assert counted(house) == [4]


def test_a_success_is_taken_off_its_own_window_only(house: Services) -> None:
    now = house.clock.now()
    first = count(house, now)
    assert first == now
    second = count(house, now + HOUR)
    assert second == now + HOUR
    with house.db.session() as session:
        repo.uncount_in_window(session, "address", KEY, first)
    assert counted(house) == [1]
    with house.db.session() as session:
        for _ in range(2):
            repo.uncount_in_window(session, "address", KEY, second)
    assert counted(house) == [0]


def test_right_factors_are_free_for_address_and_patient(few: Services) -> None:
    app, exam = application(few), issued(few)
    assert statuses(app, f"/q/{exam.qr}", {"factor": exam.factor}, 30) == [303] * 30
    assert counted(few, "address") == [0]
    assert counted(few, "patient") == [0]


def test_a_try_that_one_count_refuses_is_counted_on_no_other(few: Services, exam: Issued, app: Flask) -> None:
    app, exam = application(few), issued(few)
    assert statuses(app, f"/q/{exam.qr}", {"factor": "9999"}, 3, "10.0.0.1") == [403] * 3
    assert statuses(app, f"/q/{exam.qr}", {"factor": "9999"}, 2, "10.0.0.2") == [403] * 2
    assert statuses(app, f"/q/{exam.qr}", {"factor": "9999"}, 9, "10.0.0.3") == [429] * 9  # the code is paused
    assert counted(few, "patient") == [5]
    assert sorted(counted(few, "address")) == [0, 2, 3]


def test_a_full_phone_fills_no_address(house: Services, app: Flask) -> None:
    for number in range(20):
        assert post(app, "/s", pick_up(f"AAAA{number + 22}"), f"10.0.0.{number}").status_code == 403
    assert statuses(app, "/s", pick_up("BBBBBB"), 40) == [429] * 40
    assert sorted(counted(house, "address")) == [0] + [1] * 20


def test_the_clock_is_read_after_the_lock_was_waited_for(
    house: Services, app: Flask, exam: Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request that waited while the hour ended counts in the hour in which it is let in."""
    take = Database.session

    def slow(db: Database, **options: float) -> object:
        clock_of(house).advance(3600)
        return take(db, **options)

    assert statuses(app, f"/q/{'A' * 26}", {"factor": "9999"}, 1) == [403]
    monkeypatch.setattr(Database, "session", slow)
    assert statuses(app, f"/q/{'B' * 26}", {"factor": "9999"}, 1) == [403]
    with house.db.read() as session:
        row = session.query(AccessAttempts).filter_by(scope="address").one()
    assert row.updated_at == row.window_started_at
    assert row.window_count == 1
