"""Every write transaction is bounded, whatever a sender counts: nobody holds the one write lock for long.

Statements and rows are counted, not seconds; `python -m tests.soak.write_lock` prints those.
"""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom import Dataset
from pydicom.uid import generate_uid
from sqlalchemy.orm import Session

from app.bootstrap import Services
from app.dicom.refusals import Refusal
from app.dicom.rejection_notes import MOST_REJECTED
from app.models import Exam, NotificationKind
from app.models.states import MatchReason
from app.repos.exams import exams as exam_repo
from app.repos.ingest import studies
from app.repos.notifications import outbox
from app.repos.patient_access import codes as code_repo
from app.repos.pictures import prepared
from app.services.channels.channel import DeliveryReceipt, Wording
from app.services.exams import matching
from app.services.ingest.incoming import IncomingObject, Outcome, Refused, Stored
from app.services.notifications import phone_correction
from app.services.notifications.receipts import TAKEN_AT_ONCE
from app.services.pictures import preparation
from app.services.release import holds
from app.web.machine.ris.bodies import exam_input
from deploy.testbed.ct import ct_slice, part10
from sms.tencent.callback import MOST_ITEMS
from tests.factories.house import exam_body, services
from tests.factories.rejection_notes import note, note_of
from tests.factories.telling import PHONE, exam_of, order, receive_study, register
from tests.factories.write_transactions import WriteTransaction, written

MOST_STATEMENTS = 1500
MOST_ROWS = MOST_REJECTED + 500


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Services]:
    built = services(tmp_path)
    yield built
    built.pictures.renderer.close()
    built.db.dispose()


def receive(house: Services, *objects: Dataset) -> list[Outcome]:
    return house.ingest.ingest.receive([IncomingObject(io.BytesIO(part10(each))) for each in objects], "stow", "test")


def bounded(done: list[WriteTransaction]) -> bool:
    assert done, "nothing was written"
    return all(one.statements <= MOST_STATEMENTS and one.rows <= MOST_ROWS for one in done)


def uids(count: int, start: int = 0) -> list[str]:
    return [f"1.2.826.0.1.{number}" for number in range(start, start + count)]


def test_the_largest_rejection_note_is_one_statement_of_many_rows(house: Services) -> None:
    first = ct_slice()
    with written(house.db) as done:
        [outcome] = receive(house, note_of(first, uids(MOST_REJECTED)))
    assert isinstance(outcome, Stored)
    assert bounded(done)
    assert max(one.rows for one in done) >= MOST_REJECTED
    assert max(one.statements for one in done) < 100


def test_a_larger_one_is_refused_with_its_reason_and_hides_nothing(house: Services) -> None:
    first = ct_slice()
    with written(house.db) as done:
        [outcome] = receive(house, note_of(first, uids(MOST_REJECTED + 1)))
    assert isinstance(outcome, Refused)
    assert outcome.reason == Refusal.TOO_MANY_REJECTED
    assert [item.reason for item in house.ingest.quarantine.newest("test")] == [outcome.reason]
    assert bounded(done)


def test_many_notes_of_one_request_do_not_add_up(house: Services) -> None:
    first, half = ct_slice(), MOST_REJECTED // 2
    notes = [note_of(first, uids(half + 1, start=number * half)) for number in range(4)]
    with written(house.db) as done:
        assert all(isinstance(outcome, Stored) for outcome in receive(house, *notes))
    assert bounded(done)
    assert sum(one.rows for one in done) > 2 * MOST_REJECTED - half


def test_a_full_batch_of_studies_series_and_refusals(house: Services) -> None:
    register(house)
    objects = [ct_slice() for _ in range(60)] + [ct_slice(StudyInstanceUID="x") for _ in range(60)]
    objects += [note([each]) for each in objects[:20]]
    with written(house.db) as done:
        receive(house, *objects)
    assert bounded(done)


def test_more_studies_of_one_accession_number_than_an_exam_has(
    house: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching, "MOST_STUDIES", 5)
    before = [receive_study(house) for _ in range(8)]
    with written(house.db) as done:
        register(house)
    matched = max(one.statements for one in done)
    later = receive_study(house)
    rows = {uid: order(house, uid) for uid in (*before, later)}
    states = [rows[uid].match_state for uid in before]
    assert states.count("matched") == 5
    assert (rows[later].match_state, rows[later].match_reason) == ("unmatched", MatchReason.TOO_MANY_STUDIES)
    for _ in range(8):
        receive_study(house)
    with written(house.db) as done:
        house.exams.registration.register("A1", exam_input(exam_body(patient_name="王伟")), "machine:ris")
    assert max(one.statements for one in done) < 2 * matched
    rows = {uid: order(house, uid) for uid in (*before, later)}
    assert "matched" not in {row.match_state for row in rows.values()}


def test_a_hold_that_many_studies_cause_is_lifted_in_several_commits(
    house: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holds, "PARTED_AT_ONCE", 3)
    register(house)
    for _ in range(7):
        receive_study(house, PatientName="Wang^Wei=王^伟")
    exam = exam_of(house)
    assert exam.held_at is not None
    with written(house.db) as done:
        house.release.holds.release_hold(exam.id, "looked", "staff:a", seen_revision=exam.revision)
    assert len([one for one in done if one.rows]) == 3
    assert exam_of(house).held_at is None


def test_a_corrected_number_of_a_patient_with_many_exams_is_followed_in_few_statements(
    house: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phone_correction, "MOST_FOLLOWED", 2)
    codes = []
    for number in range(8):
        exam_id = register(house, f"A{number}")
        with house.db.session() as session:
            exam = exam_repo.exam(session, exam_id)
            assert exam is not None
            codes.append(house.patient_access.codes.issue_pickup(session, exam, PHONE)[0].id)
            codes.append(_link_in_a_message(house, session, exam))
    few = _statements_of_a_correction(house, "13900000002")
    with house.db.read() as session:
        assert all(code_repo.lock_code(session, code).revoked_at is not None for code in codes)
    for number in range(8, 24):
        register(house, f"A{number}", patient_phone="13900000002")
    assert _statements_of_a_correction(house, "13900000003") <= few


def _link_in_a_message(house: Services, session: Session, exam: Exam) -> uuid.UUID:
    """As a gateway sends it: a long code, which no phone number belongs to but that of its message."""
    link = house.patient_access.codes.issue_link(session, exam)[0].id
    house.notifications.telling.queue_news(session, exam, NotificationKind.RESEND, Wording.READY)
    outbox.of_exam(session, exam.id)[-1].access_code_id = link
    return link


def _statements_of_a_correction(house: Services, phone: str) -> int:
    with written(house.db) as done:
        house.exams.registration.register("A0", exam_input(exam_body(patient_phone=phone)), "machine:ris")
    return max(one.statements for one in done)


def test_the_most_receipts_that_a_carrier_pushes_are_taken_some_at_a_time(house: Services) -> None:
    receipts = [
        DeliveryReceipt(f"2640:{number}", "+8613900000001", delivered=True, code="DELIVRD")
        for number in range(MOST_ITEMS)
    ]
    with written(house.db) as done:
        house.notifications.receipts.take(receipts)
    assert len(done) == MOST_ITEMS // TAKEN_AT_ONCE
    assert bounded(done)


def test_a_study_of_very_many_stacks_is_shown_up_to_a_limit(house: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparation, "MOST_STACKS", 3)
    register(house)
    uid = generate_uid(None)
    receive(house, *(ct_slice(StudyInstanceUID=uid, SeriesNumber=number) for number in range(5)))
    with house.db.read() as session:
        study_id = studies.by_uid(session, {uid})[uid].id
    house.pictures.completion.complete_now(uid)
    with written(house.db) as done:
        assert house.pictures.preparation.prepare(study_id)
    with house.db.read() as session:
        assert len(prepared.prepared(session, study_id, 1)) == 3
    assert bounded(done)
