"""What serves nobody any more goes; what still counts, and what happened, stays."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.bootstrap import Services
from app.errors import AccessRefused
from app.models import (
    AccessAttempts,
    AuditEvent,
    Base,
    GuestSession,
    HandOver,
    Job,
    KnownDevice,
    OneTimeCode,
    PatientSession,
    Share,
    StaffSession,
    WaitingPc,
)
from app.models.states import AttemptScope
from app.services.operations import spent_rows
from app.services.operations.spent_rows import DEVICES_KEPT, KEPT, SpentRows
from app.services.patient_access.code_naming import Attempt
from tests.factories.access import FACTOR, Issued, application, issued
from tests.factories.house import clock_of, services
from tests.factories.sharing import doctor, guest, patient, share
from tests.factories.telling import sweep


@pytest.fixture
def house(tmp_path: Path) -> Services:
    return services(tmp_path)


def count(house: Services, table: type[Base]) -> int:
    with house.db.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def scopes(house: Services) -> list[str]:
    with house.db.read() as session:
        return sorted(session.scalars(select(AccessAttempts.scope)))


def guess(house: Services, code: str, factor: str = "9999") -> None:
    with pytest.raises(AccessRefused):
        house.patient_access.verification.open_by_factor(Attempt(code, "203.0.113.9"), factor)


def lived_in(house: Services) -> Issued:
    """One exam, and a row of every kind that is spent some day."""
    exam = issued(house)
    house.patient_access.verification.open_by_factor(Attempt(exam.qr, "203.0.113.9"), FACTOR)
    guess(house, exam.qr)
    guess(house, "NO-SUCH-CODE")
    house.patient_access.one_time_codes.request(Attempt(exam.qr, "203.0.113.9"))
    sweep(house)
    with pytest.raises(AccessRefused):
        house.staff.login.log_in("nobody", "nothing", "000000", "10.0.0.7")
    return exam


def test_counts_of_every_scope_that_belong_to_nothing_go(house: Services) -> None:
    """Strangers make such rows for nothing: what no removal knows would pile up for ever."""
    now = house.clock.now()
    with house.db.session() as session:
        for scope in AttemptScope:
            session.add(
                AccessAttempts(
                    scope=scope,
                    key_hash=b"of nobody".ljust(32),
                    consecutive=0,
                    lifetime=1,
                    window_count=1,
                    updated_at=now,
                )
            )
    assert len(scopes(house)) == len(AttemptScope)
    clock_of(house).advance((DEVICES_KEPT + timedelta(days=1)).total_seconds())
    SpentRows(db=house.db, clock=house.clock).remove_due()
    assert scopes(house) == []


def test_rows_that_serve_nobody_go_after_thirty_days_and_the_audit_log_stays(house: Services) -> None:
    lived_in(house)
    told = count(house, AuditEvent)
    before = {table: count(house, table) for table in (PatientSession, OneTimeCode, Job)}
    assert all(before.values())
    clock_of(house).advance((KEPT - timedelta(days=1)).total_seconds())
    assert SpentRows(db=house.db, clock=house.clock).remove_due() == 0
    clock_of(house).advance(timedelta(days=2).total_seconds())
    assert SpentRows(db=house.db, clock=house.clock).remove_due() > 0
    assert {table: count(house, table) for table in before} == dict.fromkeys(before, 0)
    assert count(house, StaffSession) == 0
    assert count(house, AuditEvent) == told
    assert count(house, KnownDevice) == 1


def test_failures_with_a_living_code_are_remembered_and_guesses_at_nothing_forgotten(house: Services) -> None:
    exam = lived_in(house)
    assert set(scopes(house)) == {"address", "code", "patient", "refused", "request", "staff"}
    clock_of(house).advance((KEPT + timedelta(days=1)).total_seconds())
    SpentRows(db=house.db, clock=house.clock).remove_due()
    assert scopes(house) == ["code"]
    with house.db.read() as session:
        [left] = session.scalars(select(AccessAttempts))
        assert left.key_hash == house.patient_access.verification.naming.code_key(Attempt(exam.qr, ""))
        assert left.lifetime == 1


def test_a_device_goes_with_its_failures_when_nobody_came_by_it_for_four_hundred_days(house: Services) -> None:
    exam = issued(house)
    coming, gone = (
        house.patient_access.verification.open_by_factor(Attempt(exam.qr, "203.0.113.9"), FACTOR).device
        for _ in range(2)
    )
    for device in (coming, gone):
        with pytest.raises(AccessRefused):
            house.patient_access.verification.open_by_factor(Attempt(exam.qr, "203.0.113.9", device=device), "9999")
    for _ in range(2):
        clock_of(house).advance((DEVICES_KEPT - timedelta(days=1)).total_seconds())
        SpentRows(db=house.db, clock=house.clock).remove_due()
        house.patient_access.verification.open_by_factor(Attempt(exam.qr, "203.0.113.9", device=coming), FACTOR)
    SpentRows(db=house.db, clock=house.clock).remove_due()
    with house.db.read() as session:
        [left] = session.scalars(select(KnownDevice))
        assert left.device_hash == house.patient_access.verification.codes.hash("device", coming)
        assert left.last_used_at == house.clock.now()
    assert scopes(house).count("device") == 1


def test_a_job_that_waits_or_was_given_up_stays(house: Services) -> None:
    with house.db.session() as session:
        house.queue.enqueue(session, "prepare_study", "waits")
        house.queue.enqueue(session, "prepare_study", "failed")
        session.flush()
        failed = session.scalars(select(Job).where(Job.key == "failed")).one()
        failed.state, failed.finished_at = "failed", house.clock.now()
    clock_of(house).advance((KEPT * 10).total_seconds())
    assert SpentRows(db=house.db, clock=house.clock).remove_due() == 0
    assert count(house, Job) == 2


def test_it_looks_every_six_hours_and_at_once_again_after_a_full_batch(
    house: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spent_rows, "BATCH", 2)
    spent = SpentRows(db=house.db, clock=house.clock)
    assert spent.remove_due() == 0
    for number in range(5):
        guess(house, f"NO-SUCH-CODE-{number}")
    clock_of(house).advance((KEPT + timedelta(days=1)).total_seconds())
    rounds = [spent.remove_due() for _ in range(10)]
    assert rounds[0] > rounds[-1] == 0
    # codes, keys that stand for their patients, an address, counts of refusals: of the address and of all, of each code
    assert sum(rounds) == 5 + 5 + 1 + 2 + 5
    assert scopes(house) == []
    guess(house, "ANOTHER")
    clock_of(house).advance(timedelta(hours=5).total_seconds())
    assert spent.remove_due() == 0
    clock_of(house).advance((-KEPT).total_seconds())  # the clock was set back: it looks now, not in a month
    assert spent.remove_due() == 0
    assert spent._looked_at == house.clock.now()


def test_the_worker_removes_them_by_itself(house: Services) -> None:
    lived_in(house)
    house.worker.run_sweeps()
    clock_of(house).advance((KEPT + timedelta(days=1)).total_seconds())
    while house.worker.run_sweeps():
        pass
    assert count(house, PatientSession) == 0


def test_shares_are_kept_for_a_year_and_digits_for_a_month(house: Services) -> None:
    app = application(house)
    client, exam_id = patient(app, house)
    guest(app, share(client, exam_id, pictures="1", days="1"))
    doctor(app, client, exam_id)
    tables = (Share, GuestSession, HandOver, WaitingPc)
    assert [count(house, table) for table in tables] == [1, 2, 1, 1]
    for kept, left in ((KEPT, [1, 2, 0, 0]), (DEVICES_KEPT, [0, 0, 0, 0])):
        clock_of(house).advance((kept + timedelta(days=2)).total_seconds())
        for _ in range(3):  # what refers to a row goes before it
            clock_of(house).advance(6 * 3600)
            house.operations.spent_rows.remove_due()
        assert [count(house, table) for table in tables] == left
