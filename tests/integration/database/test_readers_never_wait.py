"""While somebody writes for long, whoever has a session goes on reading: noting that it is in use can wait."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import select, text

from app.bootstrap import Services
from app.database.engines import PATIENCE_S
from app.errors import DatabaseUnavailable
from app.models import PatientSession, StaffSession
from tests.factories.access import Issued, opened
from tests.factories.house import clock_of
from tests.factories.staff import console

WAITS = {"sqlite": "PRAGMA busy_timeout", "postgresql": "SHOW lock_timeout"}


@contextmanager
def writing(house: Services) -> Iterator[None]:
    """A writer that does not come to an end; its first statement takes the lock."""
    with house.db.session() as session:
        session.execute(text("SELECT 1"))
        yield


def last_seen(house: Services, table: type[PatientSession] | type[StaffSession]) -> object:
    with house.db.read() as session:
        return session.scalars(select(table.last_seen_at)).one()


def test_a_patients_manifest_comes_at_once_beside_a_long_writer(house: Services, app: Flask, exam: Issued) -> None:
    client = opened(app, exam)
    began = clock_of(house).now()
    clock_of(house).advance(120)
    with writing(house):
        asked = time.monotonic()
        for _ in range(3):
            assert client.get(f"/exams/{exam.exam_id}/manifest.json").status_code == 200
        assert time.monotonic() - asked < PATIENCE_S / 6
    assert last_seen(house, PatientSession) == began
    client.get(f"/exams/{exam.exam_id}/manifest.json")
    assert last_seen(house, PatientSession) == clock_of(house).now()


def test_staff_go_on_beside_a_long_writer(house: Services, app: Flask) -> None:
    desk = console(app, house)
    began = clock_of(house).now()
    clock_of(house).advance(120)
    with writing(house):
        asked = time.monotonic()
        assert desk.get("/staff/messages").status_code == 200
        assert time.monotonic() - asked < PATIENCE_S / 6
    assert last_seen(house, StaffSession) == began
    desk.get("/staff/messages")
    assert last_seen(house, StaffSession) == clock_of(house).now()


@pytest.mark.parametrize("patience_s", [0, 0.05])
def test_a_writer_without_patience_gives_up_soon_and_its_connection_waits_as_ever_afterwards(
    house: Services, patience_s: float
) -> None:
    with writing(house):
        asked = time.monotonic()
        with pytest.raises(DatabaseUnavailable), house.db.session(patience_s=patience_s) as session:
            session.execute(text("SELECT 1"))
        assert time.monotonic() - asked < PATIENCE_S / 6
    with house.db.session(patience_s=patience_s) as session:
        assert session.scalar(text("SELECT 1")) == 1
    with house.db.session() as session:
        session.execute(text("SELECT 1"))
        assert str(session.scalar(text(WAITS[house.db.engine.dialect.name]))) in (f"{PATIENCE_S}000", f"{PATIENCE_S}s")
