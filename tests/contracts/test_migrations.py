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
from sqlalchemy.exc import IntegrityError

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
    add_row(database, "notification_event", id="1" * 32, notification_id="1" * 32)
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


MESSAGES = {
    "images_ready": ("images_ready", 1, None),
    "images_ready:2": ("images_ready", 2, None),
    "report_ready": ("report_ready", 1, None),
    "report_ready:13": ("report_ready", 13, None),
    "resend:1": ("resend", 1, None),
    "resend:2": ("resend", 2, None),
    f"one_time_code:{'d' * 32}": ("one_time_code", None, "d" * 32),
}
"""What `event` said -> kind, occasion, one-time code."""
WORDS = {
    "queued": "queued",
    "queued again": "queued_again",
    "its code expired": "code_expired",
    "settled at the desk": "settled_at_desk",
    "1031: the package is used up": "FailedOperation.InsufficientBalanceInSmsPackage",
    "a word of the network": "a word of the network",
    "用户关机": "用户关机",
}


def test_messages_of_before_keep_what_they_are_about_and_what_happened_to_them(database: Database) -> None:
    schema.upgrade(database)
    schema.downgrade(database, "0006")
    exam_with_a_code(database, "access_code")
    for number, event in enumerate(MESSAGES):
        add_row(database, "notification", id=f"{number:032}", exam_id=EXAM, event=event, channel="sms")
    for number, detail in enumerate(WORDS):
        add_row(database, "notification_event", id=f"{number:032}", notification_id="0" * 32, detail=detail)
    for _ in range(2):
        schema.upgrade(database, "0007")
        rows = rows_of(database, "notification")
        assert [(row["kind"], row["occasion"], row["one_time_code_id"]) for row in rows] == list(MESSAGES.values())
        assert [row["detail"] for row in rows_of(database, "notification_event")] == list(WORDS.values())
        schema.downgrade(database, "0006")
        assert [row["event"] for row in rows_of(database, "notification")] == list(MESSAGES)
        assert [row["detail"] for row in rows_of(database, "notification_event")] == list(WORDS)


def test_a_message_is_there_once_per_exam_kind_occasion_and_channel(database: Database) -> None:
    schema.upgrade(database)
    exam_with_a_code(database, "access_code")
    for number, (kind, occasion, code_id) in enumerate(MESSAGES.values()):
        about = {"exam_id": EXAM, "kind": kind, "occasion": occasion, "one_time_code_id": code_id, "channel": "sms"}
        add_row(database, "notification", id=f"{number:032}", **about)
        with pytest.raises(IntegrityError):
            add_row(database, "notification", id="f" * 32, **about)


def test_upgrading_twice_changes_nothing(database: Database) -> None:
    schema.upgrade(database)
    before = inspect(database.engine).get_table_names()
    schema.upgrade(database)
    assert inspect(database.engine).get_table_names() == before
