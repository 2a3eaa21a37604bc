"""A copy of the database is of one moment, and a copy of an older release is brought to the newest schema."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import inspect, select, text

from app.database import Database, copies, schema
from app.database.copies import frozen, load
from app.errors import BackupFailed
from app.models import Job
from app.models.states import JobKind, JobState
from tests.factories import database
from tests.factories.house import START

OLDER = "0012"


@pytest.fixture
def db(tmp_path: Path) -> Database:
    return Database(database.address(tmp_path / "one"))


def add(db: Database, key: str) -> None:
    with db.session() as session:
        session.add(Job(kind=JobKind.PREPARE_STUDY, key=key, state=JobState.FAILED, run_at=START, created_at=START))


def keys(db: Database) -> list[str]:
    with db.read() as session:
        return sorted(session.scalars(select(Job.key)))


def test_the_session_and_the_copy_are_of_one_moment_while_others_write(db: Database, tmp_path: Path) -> None:
    add(db, "before")
    place, other = tmp_path / "copy", Database(database.address(tmp_path / "two"))
    place.mkdir()
    with frozen(db, place) as moment:
        add(db, "after")
        assert list(moment.session.scalars(select(Job.key))) == ["before"]
    add(other, "of the other")
    load(other, place, moment.revision, moment.tables)
    assert keys(other) == ["before"]
    assert keys(db) == ["after", "before"]


def test_every_row_comes_back_as_it_was_whatever_it_holds(db: Database, tmp_path: Path) -> None:
    strange = ["\\N", "\t", "line\nline", "\\.", "李娜", "\x01", "'"]
    for key in strange:
        add(db, key)
    place, other = tmp_path / "copy", Database(database.address(tmp_path / "two"))
    place.mkdir()
    with frozen(db, place) as moment:
        pass
    load(other, place, moment.revision, moment.tables)
    assert keys(other) == sorted(strange)


def test_a_copy_of_an_older_release_is_brought_to_the_newest_schema(db: Database, tmp_path: Path) -> None:
    other = Database(database.address(tmp_path / "two"))
    newest = {name: columns(other, name) for name in inspect(other.engine).get_table_names()}
    schema.downgrade(db, OLDER)
    add(db, "old")
    place = tmp_path / "copy"
    place.mkdir()
    with frozen(db, place) as moment:
        assert moment.revision == OLDER
    load(other, place, moment.revision, moment.tables)
    assert keys(other) == ["old"]
    assert {name: columns(other, name) for name in inspect(other.engine).get_table_names()} == newest


def columns(db: Database, table: str) -> set[str]:
    return {column["name"] for column in inspect(db.engine).get_columns(table)}


def test_a_revision_that_this_release_has_no_steps_to_is_not_known() -> None:
    assert schema.knows(OLDER)
    assert not schema.knows("9999")


def test_a_copy_that_cannot_be_loaded_leaves_the_database_as_it_was(db: Database, tmp_path: Path) -> None:
    add(db, "kept")
    place = tmp_path / "copy"
    place.mkdir()
    with frozen(db, place) as moment:
        pass
    for path in place.iterdir():
        path.write_bytes(b"not a copy")
    with pytest.raises((BackupFailed, OSError)):
        load(db, place, moment.revision, moment.tables)
    assert keys(db) == ["kept"]


def test_a_database_that_somebody_holds_is_not_overwritten(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL waits for the write lock like every writer")
    place = tmp_path / "copy"
    place.mkdir()
    add(db, "kept")
    with frozen(db, place) as moment:
        pass
    monkeypatch.setattr(copies, "PATIENCE_S", 0.5)
    holder = Database(str(db.engine.url))
    with holder.engine.connect() as connection:
        connection.execute(text("SELECT 1"))
        with pytest.raises(BackupFailed, match="in use"):
            load(db, place, moment.revision, moment.tables)
    assert keys(db) == ["kept"]
