"""The release gate and what it tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy.orm import Session

from app.database import Database
from app.models import Exam
from app.services.notifications.telling import NewsTelling
from tests.factories.house import clock_of, services
from tests.factories.telling import (
    exam_of,
    mark_prepared,
    messages,
    notifications,
    receive_study,
    register,
    report,
    states,
    sweep,
)

HOUR = 3600


def test_pictures_are_released_at_once_and_told_once(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = register(house)
    mark_prepared(house)
    for _ in range(3):
        sweep(house, seconds=1)
    assert exam_of(house).images_released_at is not None
    assert states(house, exam_id) == [("images_ready", "sms", "accepted")]
    assert len(messages(house)) == 1


def test_nothing_is_told_before_the_pictures_are_prepared(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = register(house)
    receive_study(house)
    sweep(house, seconds=HOUR)
    assert exam_of(house).images_released_at is None
    assert states(house, exam_id) == []


def test_a_study_that_arrives_before_its_order_is_told_when_the_order_comes(tmp_path: Path) -> None:
    house = services(tmp_path)
    mark_prepared(house)
    sweep(house)
    exam_id = register(house)
    sweep(house)
    assert states(house, exam_id) == [("images_ready", "sms", "accepted")]


def test_an_exam_is_not_released_while_another_of_its_studies_still_arrives(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = register(house)
    mark_prepared(house)
    receive_study(house)
    sweep(house)
    assert states(house, exam_id) == []


def test_a_study_of_another_person_releases_nothing(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = register(house, patient_name="王建国")
    mark_prepared(house)
    sweep(house, seconds=HOUR)
    assert exam_of(house).images_released_at is None
    assert states(house, exam_id) == []


def test_a_held_exam_is_not_released(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = register(house)
    mark_prepared(house)
    with house.db.session() as session:
        exam = session.get(type(exam_of(house)), exam_id)
        assert exam is not None
        exam.held_at = house.clock.now()
    sweep(house)
    assert states(house, exam_id) == []


def test_the_gate_may_wait_for_the_final_report(tmp_path: Path) -> None:
    house = services(tmp_path, release_gate="final_report")
    exam_id = register(house)
    mark_prepared(house)
    report(house, status="preliminary")
    sweep(house, seconds=HOUR)
    assert states(house, exam_id) == []
    report(house, status="final")
    sweep(house)
    assert states(house, exam_id) == [("images_ready", "sms", "accepted")]
    assert "影像和报告" in messages(house)[0].text


def test_the_gate_may_wait_for_hours(tmp_path: Path) -> None:
    house = services(tmp_path, release_gate="delay", release_delay_h="2")
    exam_id = register(house)
    mark_prepared(house)
    sweep(house)
    sweep(house, seconds=2 * HOUR - 1)
    assert states(house, exam_id) == []
    sweep(house, seconds=1)
    assert states(house, exam_id) == [("images_ready", "sms", "accepted")]


def test_a_report_that_comes_after_the_pictures_is_told_once(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = register(house)
    mark_prepared(house)
    sweep(house)
    clock_of(house).advance(60)
    report(house, status="preliminary")
    sweep(house)
    assert len(messages(house)) == 1
    report(house)
    sweep(house, seconds=60)
    report(house, status="amended", impression="更正")
    sweep(house, seconds=60)
    assert [(event, state) for event, _, state in states(house, exam_id)] == [
        ("images_ready", "accepted"),
        ("report_ready", "accepted"),
    ]
    assert "影像已可查看" in messages(house)[0].text
    assert "报告已可查看" in messages(house)[1].text


def test_a_report_that_was_there_first_is_told_with_the_pictures(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = register(house)
    report(house)
    mark_prepared(house)
    sweep(house)
    sweep(house, seconds=HOUR)
    assert [event for event, _, _ in states(house, exam_id)] == ["images_ready"]
    assert "影像和报告" in messages(house)[0].text


def test_an_exam_whose_patient_was_wrong_is_withdrawn_and_told_to_the_right_one(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = register(house, patient_name="王建国", patient_phone="13900000009")
    mark_prepared(house)
    sweep(house)
    assert states(house, exam_id) == []
    register(house)
    sweep(house)
    assert [message.phone for message in messages(house)] == ["+8613900000001"]
    register(house, patient_name="李那", patient_phone="13900000009")
    assert exam_of(house).images_released_at is None
    sweep(house)
    assert messages(house, "+8613900000009") == []
    register(house)
    sweep(house, seconds=60)
    assert [event for event, _, _ in states(house, exam_id)] == ["images_ready", "images_ready:2"]
    assert len(messages(house)) == 2


def test_a_message_that_waits_is_not_sent_to_a_patient_who_turned_out_wrong(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = register(house)
    mark_prepared(house)
    house.release.gate.release_due()
    register(house, patient_name="王建国", patient_phone="13900000009")
    sweep(house)
    assert states(house, exam_id) == [("images_ready", "sms", "cancelled")]
    assert messages(house) == []


@pytest.mark.parametrize(("family", "has_code"), [("T0", False), ("T1", True)])
def test_the_family_decides_whether_a_code_is_issued(tmp_path: Path, family: str, has_code: bool) -> None:
    house = services(tmp_path, sms_family=family)
    exam_id = register(house)
    mark_prepared(house)
    sweep(house)
    (row,) = notifications(house, exam_id)
    assert (row.access_code_id is not None) is has_code
    assert ("取片码" in messages(house)[0].text) is has_code


def test_a_patient_without_phone_is_told_nothing_and_the_exam_is_released(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = register(house, patient_phone=None)
    mark_prepared(house)
    sweep(house)
    assert exam_of(house).images_released_at is not None
    assert states(house, exam_id) == []


class Waiting:
    """A database whose next writer waits for `meanwhile`, which commits first."""

    def __init__(self, db: Database, meanwhile: Callable[[], None]) -> None:
        self._db, self._meanwhile, self.read = db, meanwhile, db.read

    @contextmanager
    def session(self) -> Iterator[Session]:
        self._meanwhile()
        with self._db.session() as session:
            yield session


def test_a_report_that_comes_while_the_gate_waits_for_the_write_lock_is_told_once(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = register(house)
    mark_prepared(house)

    def report_arrives() -> None:
        clock_of(house).advance(1)
        report(house)

    release = replace(house.release.gate, db=cast("Database", Waiting(house.db, report_arrives)))
    assert release.release_due() == 1
    clock_of(house).advance(60)
    register(house, department="心内科")
    sweep(house)
    assert "影像和报告" in messages(house)[0].text
    assert [event for event, _, _ in states(house, exam_id)] == ["images_ready"]


def test_an_exam_that_raises_holds_up_no_other_and_is_looked_at_again_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = services(tmp_path)
    for accession in ("A1", "A2"):
        register(house, accession)
        mark_prepared(house, accession)
    first, second = exam_of(house, "A1").id, exam_of(house, "A2").id
    sound = NewsTelling.queue_news

    def unsound(self: NewsTelling, session: Session, exam: Exam, *rest: Any, **options: Any) -> int:
        if exam.id == first:
            raise ValueError
        return sound(self, session, exam, *rest, **options)

    monkeypatch.setattr(NewsTelling, "queue_news", unsound)
    sweep(house)
    assert (states(house, first), len(states(house, second))) == ([], 1)
    monkeypatch.undo()
    sweep(house, seconds=599)
    assert states(house, first) == []
    sweep(house, seconds=1)
    assert len(states(house, first)) == 1
