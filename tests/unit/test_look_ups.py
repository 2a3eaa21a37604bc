"""`Database.look_up`: what is newest, whoever committed it, without standing in anybody's way."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app.extensions import Database

NEWEST = text("SELECT value FROM fact WHERE id = :id")


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'facts.db'}")
    with database.session() as session:
        session.execute(text("CREATE TABLE fact (id INTEGER PRIMARY KEY, value TEXT)"))
    yield database
    database.dispose()


def write(folder: Path, value: str) -> None:
    """As another process would."""
    other = sqlite3.connect(folder / "facts.db")
    with other:
        other.execute("INSERT OR REPLACE INTO fact VALUES (1, ?)", [value])
    other.close()


def value_of(db: Database) -> str | None:
    row = db.look_up(NEWEST, {"id": 1})
    return None if row is None else str(row[0])


def test_it_sees_what_another_process_committed_a_moment_ago(db: Database, tmp_path: Path) -> None:
    assert value_of(db) is None
    for value in ("first", "second", "third"):
        write(tmp_path, value)
        assert value_of(db) == value


def test_it_holds_no_snapshot_that_keeps_the_log_from_being_emptied(db: Database, tmp_path: Path) -> None:
    write(tmp_path, "seen")
    assert value_of(db) == "seen"
    other = sqlite3.connect(tmp_path / "facts.db")
    busy, pages, moved = other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    other.close()
    assert (busy, pages, moved) == (0, 0, 0)


def test_a_failed_look_up_spoils_none_after_it(db: Database, tmp_path: Path) -> None:
    write(tmp_path, "still there")
    with pytest.raises(OperationalError):
        db.look_up(text("SELECT nonsense FROM fact"), {})
    assert value_of(db) == "still there"


def test_more_threads_than_the_pool_has_connections_wait_for_nothing(db: Database, tmp_path: Path) -> None:
    write(tmp_path, "x")
    with ThreadPoolExecutor(64) as threads:
        assert set(threads.map(lambda _: value_of(db), range(640))) == {"x"}
    with db.session() as session, db.read() as other:
        assert session.execute(NEWEST, {"id": 1}).scalar_one() == other.execute(NEWEST, {"id": 1}).scalar_one()
