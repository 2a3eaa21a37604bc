"""Migrations: one head, up and down with data, and they make exactly what the models say."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, select

from app.database import Database, schema
from app.models import Base, Job, OneTimeCode
from tests.factories.old_rows import add_row, rows_of


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(f"sqlite:///{tmp_path / 'm.db'}")


def test_there_is_one_head() -> None:
    assert len(ScriptDirectory.from_config(schema.configuration()).get_heads()) == 1


def test_the_migrated_schema_is_what_the_models_say(database: Database) -> None:
    schema.upgrade(database)
    with database.engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, Base.metadata) == []


def test_each_step_goes_down_and_up_again_with_data_in_place(database: Database) -> None:
    revisions = [step.revision for step in ScriptDirectory.from_config(schema.configuration()).walk_revisions()]
    schema.upgrade(database)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    with database.session() as session:
        session.add(Job(kind="prepare", key="a:1", run_at=now, created_at=now))
    for older in revisions[1:]:
        schema.downgrade(database, older)
        schema.upgrade(database)
    with database.read() as session:
        kept = session.scalars(select(Job)).all()
    assert len(kept) == 1
    schema.downgrade(database, "base")
    assert set(inspect(database.engine).get_table_names()) <= {"alembic_version"}


EXAM, CODE = "e" * 32, "c" * 32


def exam_with_a_code(database: Database, codes: str) -> None:
    """`codes`: what the table of codes is called in the schema at hand."""
    add_row(database, "patient", id="a" * 32)
    add_row(database, "exam", id=EXAM, patient_id="a" * 32, accession_number="A1")
    add_row(database, codes, id=CODE, exam_id=EXAM, kind="qr", code_hash=b"hash")


def test_codes_sessions_and_messages_of_before_still_hang_together(database: Database) -> None:
    schema.upgrade(database)
    schema.downgrade(database, "0005")
    exam_with_a_code(database, "share_code")
    of_exam = {"exam_id": EXAM, "share_code_id": CODE}
    for table in ("notification", "one_time_code", "patient_session"):
        add_row(database, table, id="1" * 32, **of_exam)
    schema.upgrade(database, "0006")
    assert [row["code_hash"] for row in rows_of(database, "access_code")] == [b"hash"]
    for table in ("notification", "one_time_code", "patient_session"):
        assert [row["access_code_id"] for row in rows_of(database, table)] == [CODE], table
    schema.downgrade(database, "0005")
    for table in ("notification", "one_time_code", "patient_session"):
        assert [row["share_code_id"] for row in rows_of(database, table)] == [CODE], table


def test_codes_of_before_count_as_sent_and_processes_of_before_can_still_make_some(
    database: Database, tmp_path: Path
) -> None:
    schema.upgrade(database)
    schema.downgrade(database, "0003")
    exam_with_a_code(database, "share_code")
    with closing(sqlite3.connect(tmp_path / "m.db", isolation_level=None)) as of_before:
        columns = "id, exam_id, share_code_id, code_hash, failures, created_at, expires_at"
        for number in ("1" * 32, "2" * 32):
            of_before.execute(
                f"INSERT INTO one_time_code ({columns}) VALUES (?, ?, ?, x'00', 0, ?, ?)",
                (number, EXAM, CODE, "2026-01-01 00:00:00", "2026-01-01 00:00:00"),
            )
            schema.upgrade(database, "0005")
    schema.upgrade(database)
    with database.read() as session:
        assert session.scalars(select(OneTimeCode.kind)).all() == ["sms", "sms"]


def test_upgrading_twice_changes_nothing(database: Database) -> None:
    schema.upgrade(database)
    before = inspect(database.engine).get_table_names()
    schema.upgrade(database)
    assert inspect(database.engine).get_table_names() == before
