"""`Database.look_up`: what is newest, whoever committed it, in our types, without standing in anybody's way."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, Uuid, bindparam, select

from app.database import Database
from app.errors import DatabaseUnavailable
from app.models.base import UtcDateTime

TABLES = MetaData()
FACT = Table(
    "fact",
    TABLES,
    Column("id", Uuid(), primary_key=True),
    Column("value", String),
    Column("at", UtcDateTime()),
    Column("count", Integer),
)
FACTS = select(FACT.c.value, FACT.c.at, FACT.c.id, FACT.c.count).where(FACT.c.id == bindparam("id"))
ID = uuid.UUID(int=7)
AT = datetime(2026, 3, 2, 1, 0, 0, 250, tzinfo=UTC)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'facts.db'}")
    TABLES.create_all(database.engine)
    yield database
    database.dispose()


def write(db: Database, **values: Any) -> None:
    with db.session() as session:
        session.execute(FACT.delete())
        session.execute(FACT.insert().values(id=ID, **values))


def write_from_outside(folder: Path, value: str) -> None:
    """As another process would."""
    other = sqlite3.connect(folder / "facts.db")
    with other:
        other.execute("INSERT OR REPLACE INTO fact (id, value) VALUES (?, ?)", [ID.hex, value])
    other.close()


def value_of(db: Database) -> str | None:
    row = db.look_up(FACTS, {"id": ID})
    return None if row is None else str(row[0])


def test_values_come_in_our_types_as_a_session_reads_them(db: Database) -> None:
    for values in ({"value": "x", "at": AT, "count": 3}, {"value": None, "at": None, "count": None}):
        write(db, **values)
        with db.read() as session:
            read = tuple(session.execute(FACTS, {"id": ID}).one())
        assert db.look_up(FACTS, {"id": ID}) == read == (values["value"], values["at"], ID, values["count"])


def test_it_sees_what_another_process_committed_a_moment_ago(db: Database, tmp_path: Path) -> None:
    assert value_of(db) is None
    for value in ("first", "second", "third"):
        write_from_outside(tmp_path, value)
        assert value_of(db) == value


def test_it_holds_no_snapshot_that_keeps_the_log_from_being_emptied(db: Database, tmp_path: Path) -> None:
    write_from_outside(tmp_path, "seen")
    assert value_of(db) == "seen"
    other = sqlite3.connect(tmp_path / "facts.db")
    busy, pages, moved = other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    other.close()
    assert (busy, pages, moved) == (0, 0, 0)


def test_a_failed_look_up_spoils_none_after_it(db: Database, tmp_path: Path) -> None:
    write_from_outside(tmp_path, "still there")
    missing = Table("missing", MetaData(), Column("id", Uuid()))
    with pytest.raises(DatabaseUnavailable):
        db.look_up(select(missing.c.id), {})
    assert value_of(db) == "still there"


def test_more_threads_than_the_pool_has_connections_wait_for_nothing(db: Database, tmp_path: Path) -> None:
    write_from_outside(tmp_path, "x")
    with ThreadPoolExecutor(64) as threads:
        assert set(threads.map(lambda _: value_of(db), range(640))) == {"x"}
    write(db, value="y")
    assert value_of(db) == "y"
