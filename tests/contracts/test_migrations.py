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
from app.dicom.refusals import Refusal
from app.imaging.errors import NotShown
from app.models import Base, Job, OneTimeCode
from app.models.states import HoldReason, MatchReason
from app.repos.operations.field_binding import sealed_tables
from app.services import in_english
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


def test_binding_of_fields_is_over_where_there_are_none_and_to_begin_where_there_are(database: Database) -> None:
    schema.upgrade(database)
    assert rows_of(database, "field_binding") == [{"id": 1, "phase": "bound"}]
    schema.downgrade(database, "0008")
    add_row(database, "patient", id="a" * 32, name_sealed=b"\x01 as the release before wrote it")
    schema.upgrade(database, "0009")
    assert rows_of(database, "field_binding") == [{"id": 1, "phase": "unbound"}]
    schema.downgrade(database, "0008")
    assert rows_of(database, "patient")[0]["name_sealed"] == b"\x01 as the release before wrote it"


def test_there_is_no_way_down_once_a_field_of_any_column_is_bound_to_its_row(database: Database) -> None:
    """The release before would read none of it."""
    step = ScriptDirectory.from_config(schema.configuration()).get_revision("0009").module
    assert {sealed.table.name: tuple(column.name for column in sealed.columns) for sealed in sealed_tables()} == (
        step.SEALED
        | {"instance": ("corrected_identity_sealed",)}  # of a later step, whose way down refuses too
        | {"data_request_step": ("words_sealed",)}  # a later step drops the table
        | {"wechat_token": ("value_sealed",), "wechat_login": ("openid_sealed",)}  # later steps drop the tables
        | {"notice_subscription": ("openid_sealed",)}
    )
    schema.upgrade(database)
    needed = {"report": {"exam_id": EXAM}, "study": {"data_key_id": "d" * 32}, "notification": {"exam_id": EXAM}}
    needed["wechat_account"] = {"patient_id": "a" * 32}
    exam_with_a_code(database, "access_code")
    add_row(database, "data_key", id="d" * 32)
    for number, (table, columns) in enumerate(step.SEALED.items(), 1):
        for column in columns:
            with database.writing.begin() as connection:
                connection.exec_driver_sql(f"DELETE FROM {table} WHERE id = '{number:032}'")
            unique = {"patient": {"identity_hash": b"other"}}.get(table, {})
            add_row(database, table, id=f"{number:032}", **needed.get(table, {}), **unique, **{column: b"\x02bound"})
            with pytest.raises(RuntimeError, match="backup"):
                schema.downgrade(database, "0008")
        with database.writing.begin() as connection:
            connection.exec_driver_sql(f"DELETE FROM {table} WHERE id = '{number:032}'")
    schema.downgrade(database, "0008")


HELD = {
    "a study of its accession number names another patient": ("contradicted", None),
    "影像有误": ("by_staff", "影像有误"),
    "contradicted": ("by_staff", "contradicted"),  # even that may have been typed
}
NOT_MATCHED = {
    "no exam of this accession number": ("no_exam", None),
    "parted by a human": ("parted", None),
    "differs in name, birth_date": ("differs", "name, birth_date"),
    "a sentence of long ago": ("other", "a sentence of long ago"),
}
NOT_TAKEN = {
    "not a DICOM Part-10 file": ("not_part10", None),
    "SOPInstanceUID is missing": ("sop_instance_uid_missing", None),
    "the zip member's name leads out of the archive": ("member_name_unsafe", None),
    "one sentence of long ago": ("other", "one sentence of long ago"),
    "another sentence of long ago": ("other", "another sentence of long ago"),  # of the same bytes
}


NOT_SHOWN = {
    "a palette table is missing": ("palette_missing", None),
    "BitsAllocated is missing or no number": ("number_missing", "BitsAllocated"),
    "a sentence of long ago": ("other", "a sentence of long ago"),
}


def told_in_sentences(database: Database) -> None:
    """Rows of before reasons were codes, and some without any."""
    add_row(database, "patient", id="a" * 32)
    add_row(database, "data_key", id="d" * 32)
    for n, reason in enumerate([*HELD, None]):
        add_row(database, "exam", id=f"{n:032}", patient_id="a" * 32, accession_number=str(n), held_reason=reason)
    for n, reason in enumerate([*NOT_MATCHED, None]):
        add_row(database, "study", id=f"{n:032}", study_instance_uid=str(n), data_key_id="d" * 32, match_reason=reason)
    add_row(database, "series", id="5" * 32, study_id=f"{0:032}", series_instance_uid="s")
    for n, reason in enumerate([*NOT_SHOWN, None]):
        of_series = {"series_id": "5" * 32, "study_id": f"{0:032}", "sop_instance_uid": str(n), "object_key": str(n)}
        add_row(database, "instance", id=f"{n:032}", not_shown_reason=reason, **of_series)
    for n, reason in enumerate(NOT_TAKEN):
        add_row(database, "quarantine_item", id=f"{n:032}", data_key_id="d" * 32, reason=reason, sha256=b"same")
    for n, fault in enumerate(["worker lost", "StoreFull", None]):
        add_row(database, "job", id=f"{n:032}", kind="prepare_study", key=str(n), last_error=fault)


REASONS = (
    ("exam", "held_reason", "held_note"),
    ("study", "match_reason", "match_detail"),
    ("quarantine_item", "reason", "note"),
    ("instance", "not_shown_reason", "not_shown_note"),
)


def test_sentences_become_codes_and_every_text_nobody_knows_is_kept(database: Database) -> None:
    schema.upgrade(database)
    schema.downgrade(database, "0006")
    told_in_sentences(database)
    before = {table: [row[column] for row in rows_of(database, table)] for table, column, _ in REASONS}
    schema.upgrade(database, "0015")
    for (table, column, beside), codes in zip(REASONS, (HELD, NOT_MATCHED, NOT_TAKEN, NOT_SHOWN), strict=True):
        found = [(row[column], row[beside]) for row in rows_of(database, table)]
        assert found == [codes.get(reason, (None, None)) for reason in before[table]], table
    assert [row["last_error"] for row in rows_of(database, "job")] == ["worker_lost", "StoreFull", None]
    schema.downgrade(database, "0006")
    assert {table: [row[column] for row in rows_of(database, table)] for table, column, _ in REASONS} == before
    assert [row["last_error"] for row in rows_of(database, "job")] == ["worker lost", "StoreFull", None]
    assert "held_note" not in rows_of(database, "exam")[0]


def test_sentences_of_before_are_those_that_codes_are_told_in() -> None:
    """What the console said of a row yesterday it says today."""
    step = ScriptDirectory.from_config(schema.configuration()).get_revision("0008").module
    told = {code: sentence for sentence, code in (step.REFUSALS | step.HOLDS | step.MATCHES).items()}
    assert told.items() <= (in_english.REFUSALS | in_english.HOLDS | in_english.MATCHES).items()
    assert set(step.NOT_SHOWN.values()) == set(NotShown) - {
        NotShown.NUMBER_MISSING,
        NotShown.TABLE_TOO_LONG,
        NotShown.OTHER,
    }
    assert set(step.REFUSALS.values()) == set(Refusal) - {
        Refusal.TOO_MANY_REJECTED,
        Refusal.NAME_TOO_LONG,
        Refusal.NEEDS_TOO_MUCH_MEMORY,
        Refusal.TAKES_TOO_LONG,
        Refusal.READING_CRASHES,
        Refusal.OTHER,
    }
    assert set(step.HOLDS.values()) == set(HoldReason) - {
        HoldReason.BY_STAFF,
        HoldReason.PICTURES_OF_ANOTHER,
        HoldReason.SENSITIVE,
    }
    assert set(step.MATCHES.values()) == set(MatchReason) - {
        MatchReason.DIFFERS,
        MatchReason.OTHER,
        MatchReason.CUT_SHORT,
        MatchReason.PARTLY_CORRECTED,
        MatchReason.TOO_MANY_STUDIES,
    }


def test_earlier_versions_of_instances_are_not_lost_on_the_way_down(database: Database) -> None:
    schema.upgrade(database, "0011")
    add_row(database, "data_key", id="d" * 32)
    add_row(database, "study", id="5" * 32, data_key_id="d" * 32)
    add_row(database, "series", id="6" * 32, study_id="5" * 32)
    add_row(database, "instance", id="7" * 32, series_id="6" * 32, study_id="5" * 32)
    schema.downgrade(database, "0008")
    assert len(rows_of(database, "instance")) == 1
    schema.upgrade(database, "0011")
    assert [(row["version"], row["corrected_identity_sealed"]) for row in rows_of(database, "instance")] == [(1, None)]
    add_row(database, "instance_version", id="8" * 32, instance_id="7" * 32, study_id="5" * 32)
    with closing(sqlite3.connect(database.engine.url.database)) as connection:
        connection.execute("UPDATE instance SET version = 2")
        connection.commit()
    with pytest.raises(RuntimeError, match="versions"):
        schema.downgrade(database, "0008")
    assert len(rows_of(database, "instance_version")) == 1


def test_accession_numbers_of_before_get_their_key(database: Database) -> None:
    schema.upgrade(database, "0013")
    add_row(database, "patient", id="a" * 32)
    add_row(database, "exam", id=EXAM, patient_id="a" * 32, accession_number="ct-1é")
    schema.upgrade(database, "0014")
    assert [row["accession_key"] for row in rows_of(database, "exam")] == ["CT-1é"]
    schema.downgrade(database, "0013")
    assert [row["accession_number"] for row in rows_of(database, "exam")] == ["ct-1é"]


def test_a_sensitive_result_stays_held_on_the_way_down(database: Database) -> None:
    schema.upgrade(database, "0029")
    add_row(database, "patient", id="a" * 32)
    add_row(database, "exam", id=EXAM, patient_id="a" * 32, accession_number="A1", held_reason="sensitive")
    schema.downgrade(database, "0028")
    assert [(row["held_reason"], row["held_note"]) for row in rows_of(database, "exam")] == [("by_staff", "敏感结果")]


def test_each_study_of_before_is_of_its_one_order(database: Database) -> None:
    schema.upgrade(database, "0015")
    add_row(database, "patient", id="a" * 32)
    add_row(database, "exam", id=EXAM, patient_id="a" * 32, accession_number="A1")
    add_row(database, "data_key", id="d" * 32)
    matched = {"exam_id": EXAM, "accession_number": "A1", "accession_key": "A1", "match_state": "matched"}
    parted = {"match_state": "detached", "match_reason": "parted", "match_detail": "d", "accession_key": "A2"}
    for uid, match in (("1", matched), ("2", parted)):
        add_row(database, "study", id=uid * 32, study_instance_uid=uid, data_key_id="d" * 32, **match)
    add_row(database, "series", id="6" * 32, study_id="1" * 32)
    waiting = {"corrected_identity_sealed": b"sealed", "corrected_accession_number": "A9"}
    add_row(database, "instance", id="7" * 32, series_id="6" * 32, study_id="1" * 32, **waiting)
    before = {table: rows_of(database, table) for table in ("study", "instance")}
    schema.upgrade(database, "0016")
    found = {row["study_id"]: row for row in rows_of(database, "study_order")}
    for uid, match in (("1", matched), ("2", parted)):
        assert match.items() <= found[uid * 32].items()
    assert [row["corrected_accession_numbers"] for row in rows_of(database, "instance")] == [["A9"]]
    schema.downgrade(database, "0015")
    assert {table: rows_of(database, table) for table in ("study", "instance")} == before
    schema.upgrade(database, "0016")
    add_row(database, "study_order", id="8" * 32, study_id="1" * 32, accession_number="A3", accession_key="A3")
    with pytest.raises(RuntimeError, match="several orders"):
        schema.downgrade(database, "0015")
    assert len(rows_of(database, "study_order")) == 3


def test_news_of_before_went_by_every_way_so_nothing_follows_it(database: Database) -> None:
    schema.upgrade(database, "0025")
    exam_with_a_code(database, "access_code")
    about = {"exam_id": EXAM, "kind": "images_ready", "occasion": 1}
    for number, channel in enumerate(("sms", "wechat")):
        add_row(database, "notification", id=f"{number:032}", channel=channel, state="accepted", **about)
    before = rows_of(database, "notification")
    schema.upgrade(database, "0026")
    assert rows_of(database, "telling") == []
    add_row(database, "telling", id="9" * 32, state="wechat", wording="ready", **about | {"occasion": 2})
    schema.downgrade(database, "0025")
    assert rows_of(database, "notification") == before
    schema.upgrade(database, "0026")
    assert rows_of(database, "telling") == []


def test_a_rule_without_pattern_has_none_and_an_empty_one_on_the_way_down(database: Database) -> None:
    schema.upgrade(database, "0034")
    for number, (kind, pattern) in enumerate((("critical", ""), ("keyword", "恶性肿瘤"))):
        add_row(database, "sensitive_rule", id=f"{number:032}", kind=kind, pattern=pattern)
    before = rows_of(database, "sensitive_rule")
    schema.upgrade(database, "0035")
    assert {row["kind"]: row["pattern"] for row in rows_of(database, "sensitive_rule")} == {
        "critical": None,
        "keyword": "恶性肿瘤",
    }
    schema.downgrade(database, "0034")
    assert rows_of(database, "sensitive_rule") == before


def test_sessions_of_guests_are_of_no_ticket_on_the_way_up_and_stay_on_the_way_down(database: Database) -> None:
    schema.upgrade(database, "0036")
    add_row(database, "patient", id="a" * 32)
    add_row(database, "exam", id=EXAM, patient_id="a" * 32, accession_number="A1")
    add_row(database, "guest_session", id="9" * 32, exam_id=EXAM, patient_id="a" * 32)
    before = rows_of(database, "guest_session")
    schema.upgrade(database, "0037")
    assert [row["giver_id"] for row in rows_of(database, "guest_session")] == [None]
    add_row(database, "guest_session", id="8" * 32, exam_id=EXAM, patient_id="a" * 32, giver_id="9" * 32)
    schema.downgrade(database, "0036")
    found = rows_of(database, "guest_session")
    assert [row for row in found if row["id"] == before[0]["id"]] == before
    assert len(found) == 2, "who came by a ticket stays in"
