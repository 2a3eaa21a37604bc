"""The audit log's chain: whoever changes, drops, inserts or cuts rows without the key is found out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskCliRunner
from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from app.bootstrap import Services
from app.models import AuditEvent, AuditHead
from app.services.audit.log import Action
from tests.factories.access import application
from tests.factories.house import services

EVENTS = 6


@pytest.fixture
def house(tmp_path: Path) -> Services:
    built = services(tmp_path)
    for number in range(EVENTS):
        with built.db.session() as session:
            built.audit.log.record(
                session, Action.EXAM_VIEWED, actor="patient-session:1", subject="exam:1", number=number, word="“片”"
            )
    return built


def faults(house: Services) -> list[str]:
    with house.db.read() as session:
        return [fault.reason for fault in house.audit.log.verify(session)]


def drop_the_last(session: Session) -> None:
    session.execute(delete(AuditEvent).where(AuditEvent.seq == EVENTS))


def drop_the_last_and_turn_the_head_back(session: Session) -> None:
    drop_the_last(session)
    last = session.scalars(select(AuditEvent).where(AuditEvent.seq == EVENTS - 1)).one()
    session.execute(update(AuditHead).values(seq=last.seq, hash=last.hash))


def drop_one_in_the_middle(session: Session) -> None:
    session.execute(delete(AuditEvent).where(AuditEvent.seq == 3))


def drop_one_and_close_the_gap(session: Session) -> None:
    drop_one_in_the_middle(session)
    for seq in range(4, EVENTS + 1):
        session.execute(update(AuditEvent).where(AuditEvent.seq == seq).values(seq=seq - 1))
    session.execute(update(AuditHead).values(seq=EVENTS - 1))


def exchange_two(session: Session) -> None:
    for old, new in ((2, 100), (3, 2), (100, 3)):
        session.execute(update(AuditEvent).where(AuditEvent.seq == old).values(seq=new))


def insert_a_copy(session: Session) -> None:
    last = session.scalars(select(AuditEvent).where(AuditEvent.seq == EVENTS)).one()
    copied = {column.name: getattr(last, column.key) for column in AuditEvent.__table__.columns if column.name != "seq"}
    session.add(AuditEvent(seq=EVENTS + 1, **copied))
    session.execute(update(AuditHead).values(seq=EVENTS + 1))


def add_a_row_behind_the_head(session: Session) -> None:
    last = session.scalars(select(AuditEvent).where(AuditEvent.seq == EVENTS)).one()
    copied = {column.name: getattr(last, column.key) for column in AuditEvent.__table__.columns if column.name != "seq"}
    session.add(AuditEvent(seq=EVENTS + 1, **copied))


def empty_the_log(session: Session) -> None:
    session.execute(delete(AuditEvent))


def change(**values: object) -> Callable[[Session], None]:
    def tamper(session: Session) -> None:
        session.execute(update(AuditEvent).where(AuditEvent.seq == 2).values(**values))

    return tamper


def test_an_untouched_log_is_whole(house: Services) -> None:
    assert faults(house) == []


@pytest.mark.parametrize(
    "tamper",
    [
        change(actor="patient-session:2"),
        change(action="exam.released"),
        change(subject="exam:2"),
        change(detail={"number": 7}),
        change(hash=b"x" * 32),
        change(previous_hash=b"x" * 32),
        drop_the_last,
        drop_the_last_and_turn_the_head_back,
        drop_one_in_the_middle,
        drop_one_and_close_the_gap,
        exchange_two,
        insert_a_copy,
        add_a_row_behind_the_head,
        empty_the_log,
    ],
)
def test_tampering_without_the_key_is_found(house: Services, tamper: Callable[[Session], None]) -> None:
    with house.db.session() as session:
        tamper(session)
    assert faults(house) != []


def test_nobody_waits_while_the_log_is_checked(house: Services) -> None:
    """On SQLite no reader is in a writer's way; `pytest --postgres` shows it for the server."""
    with house.db.read() as reading:
        assert house.audit.log.verify(reading) == []
        with house.db.session() as writing:
            house.audit.log.record(writing, Action.EXAM_VIEWED, actor="patient-session:1", subject="exam:1")
        assert house.audit.log.verify(reading) == []
    assert faults(house) == []


def test_a_changed_time_is_found(house: Services) -> None:
    with house.db.session() as session:
        session.execute(text("UPDATE audit_event SET at = '2020-01-01 00:00:00.000000' WHERE seq = 2"))
    assert faults(house) == ["was changed"]


def test_an_event_is_durable_exactly_when_its_transaction_is(house: Services) -> None:
    def record_and_fail() -> None:
        with house.db.session() as session:
            house.audit.log.record(session, Action.EXAM_VIEWED, actor="a", subject="exam:1")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        record_and_fail()
    assert faults(house) == []
    with house.db.read() as session:
        assert house.audit.log.extent(session)[0] == EVENTS


def runner(house: Services) -> FlaskCliRunner:
    return application(house).test_cli_runner()


def test_the_command_says_whether_the_log_is_whole_and_how_much_there_is(house: Services) -> None:
    outcome = runner(house).invoke(args=["verify-audit"])
    assert (outcome.exit_code, outcome.output) == (0, "audit log: whole, 6 events, since 2026-03-02 01:00 UTC\n")


def test_the_command_names_each_fault_and_fails(house: Services) -> None:
    with house.db.session() as session:
        drop_the_last_and_turn_the_head_back(session)
    outcome = runner(house).invoke(args=["verify-audit"])
    assert outcome.exit_code == 1
    assert "the log ends early" in outcome.output
    assert "BROKEN" in outcome.output
