"""Lists of the console page by page: the links to the pages beside the one shown, and rows enough to turn pages."""

from __future__ import annotations

import html
import re
import uuid
from datetime import timedelta

from app.bootstrap import Services
from app.models import (
    Base,
    DataKeyRow,
    DataRequest,
    DataRequestStep,
    Exam,
    Job,
    Notification,
    QuarantineItem,
    Study,
    StudyOrder,
)
from tests.factories.telling import register


def turned(page: str, listed: str, side: str) -> str | None:
    """The query of the link to the newer or older page of a list; None where there is none."""
    found = re.findall(rf'href="(\?[^"#]*\b{re.escape(listed)}\.{side}=[^"#]+)#', page)
    return html.unescape(found[0]) if found else None


def exam_to_be_listed(house: Services, number: int, **columns: object) -> Exam:
    """One of many exams of a patient, with columns as a list wants them."""
    exam_id = register(house, f"L{number}")
    with house.db.session() as session:
        exam = session.get_one(Exam, exam_id)
        for name, value in columns.items():
            setattr(exam, name, value)
    return exam


def held(house: Services, number: int) -> str:
    at = house.clock.now() + timedelta(seconds=number)
    return exam_to_be_listed(house, number, held_at=at, held_reason="by_staff").id.hex


def without_pictures(house: Services, number: int) -> str:
    at = house.clock.now() + timedelta(seconds=number)
    return exam_to_be_listed(house, number, report_released_at=at).id.hex


def unmatched(house: Services, number: int) -> str:
    at, study_id, accession = house.clock.now() + timedelta(seconds=number), uuid.uuid4(), f"U{number:03}"
    with house.db.session() as session:
        key = DataKeyRow(wrapped=b"", created_at=house.clock.now())
        session.add(key)
        session.flush()
        session.add(
            Study(
                id=study_id,
                study_instance_uid=f"1.2.{study_id.int % 10**20}",
                accession_number=accession,
                identity_sealed=b"no field at all",
                attributes={},
                data_key_id=key.id,
                last_instance_at=at,
                created_at=at,
            )
        )
        session.flush()
        session.add(StudyOrder(study_id=study_id, accession_number=accession, match_reason="no_exam", named_at=at))
    return accession


def message(house: Services, number: int, state: str) -> str:
    exam = exam_to_be_listed(house, number, images_released_at=house.clock.now())
    tail = f"139****{number:04}"
    row = Notification(
        exam_id=exam.id,
        kind="images_ready",
        occasion=1,
        channel="sms",
        template="ready",
        recipient_sealed=b"",
        recipient_masked=tail,
        state=state,
        failure_code="FailedOperation.PhoneNumberInBlacklist" if state == "failed" else None,
        next_attempt_at=house.clock.now(),
        created_at=house.clock.now() + timedelta(seconds=number),
        sent_at=house.clock.now(),
    )
    return _added(house, row, tail)


def data_request(house: Services, number: int) -> str:
    """The later its number, the later it is due."""
    exam = exam_to_be_listed(house, number)
    now = house.clock.now()
    due_at = now + timedelta(days=1, seconds=number)
    row = DataRequest(patient_id=exam.patient_id, kind="correction", state="open", created_at=now, due_at=due_at)
    with house.db.session() as session:
        session.add(row)
        session.flush()
        step = DataRequestStep(id=uuid.uuid4(), request_id=row.id, number=1, state="open", at=now)
        house.fields.seal_into(step, "words_sealed", f"请更正第 {number} 项")
        session.add(step)
    return row.id.hex


def job(house: Services, number: int) -> str:
    now = house.clock.now()
    finished = now + timedelta(seconds=number)
    row = Job(kind="prepare_study", key=str(number), state="failed", run_at=now, created_at=now, finished_at=finished)
    _added(house, row, "")
    return row.id.hex


def quarantined(house: Services, number: int) -> str:
    with house.db.session() as session:
        key = DataKeyRow(wrapped=b"", created_at=house.clock.now())
        session.add(key)
        session.flush()
    uid = f"1.2.3.{number:04}"
    row = QuarantineItem(
        received_at=house.clock.now() + timedelta(seconds=number),
        door="stow",
        reason="not_part10",
        sop_instance_uid=uid,
        sha256=uid.encode(),
        size=1,
        object_key=uid,
        data_key_id=key.id,
    )
    return _added(house, row, uid)


def _added(house: Services, row: Base, mark: str) -> str:
    with house.db.session() as session:
        session.add(row)
    return mark
