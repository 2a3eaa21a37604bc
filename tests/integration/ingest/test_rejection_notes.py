"""What a rejection note names disappears from what patients see, at once and for good; the archive keeps it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from pydicom import Dataset, dcmread
from pydicom.uid import generate_uid
from sqlalchemy import func, select

from app.bootstrap import Services
from app.models import AuditEvent, Instance, Rejection
from app.services.ingest.incoming import IncomingObject, Refused, Stored
from deploy.testbed.ct import ct_slice, part10
from tests.factories.access import application, let_in
from tests.factories.house import services
from tests.factories.rejection_notes import note
from tests.factories.taken_away import originals_in
from tests.factories.telling import exam_of, messages, register, sweep

OF_INTEREST = "113000"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Services]:
    built = services(tmp_path)
    register(built)
    yield built
    built.pictures.renderer.close()
    built.db.dispose()


def three_slices() -> list[Dataset]:
    first = ct_slice()
    shared = {"StudyInstanceUID": first.StudyInstanceUID, "SeriesInstanceUID": first.SeriesInstanceUID}
    return [first, ct_slice(**shared, InstanceNumber=2), ct_slice(**shared, InstanceNumber=3)]


def receive(house: Services, *objects: Dataset) -> None:
    outcomes = house.ingest.ingest.receive(
        [IncomingObject(io.BytesIO(part10(each))) for each in objects], "stow", "test"
    )
    assert all(isinstance(outcome, Stored) for outcome in outcomes)


def work_off(house: Services) -> None:
    for _ in range(3):
        sweep(house, seconds=120)
        while house.worker.run_job():
            pass
    sweep(house)


def frames(client: FlaskClient, house: Services) -> list[int]:
    found = client.get(f"/exams/{exam_of(house).id.hex}/manifest.json").json
    return [series["frames"] for series in found["series"]]


def rejected(house: Services) -> int:
    with house.db.read() as session:
        return session.scalar(select(func.count()).select_from(Rejection)) or 0


def test_a_rejected_picture_is_gone_at_once_and_the_others_come_back_without_it(house: Services) -> None:
    slices = three_slices()
    receive(house, *slices)
    work_off(house)
    client, base = let_in(application(house), house, exam_of(house).id), f"/exams/{exam_of(house).id.hex}"
    assert frames(client, house) == [3]
    receive(house, note(slices[1:2]))
    assert frames(client, house) == []
    assert {client.get(f"{base}/{each}").status_code for each in ("series/1/frames/2.jpg", "dicom.zip")} == {404}
    assert "影像正在准备" in client.get(base).text  # not: there are none
    assert "影像准备中" in client.get("/exams").text
    work_off(house)
    assert frames(client, house) == [2]
    originals = originals_in(client.get(f"{base}/dicom.zip").data)
    uids = {str(dcmread(io.BytesIO(original)).SOPInstanceUID) for original in originals}
    assert slices[1].SOPInstanceUID not in uids
    assert {slices[0].SOPInstanceUID, slices[2].SOPInstanceUID} < uids
    assert len(messages(house)) == 1  # nobody is told a second time
    with house.db.read() as session:
        assert session.scalar(select(func.count()).select_from(Instance)) == 4
        [event] = session.scalars(select(AuditEvent).where(AuditEvent.action == "instances.rejected"))
    assert event.detail == {"count": 1}


def test_a_note_that_comes_first_hides_what_it_names_when_it_comes(house: Services) -> None:
    slices = three_slices()
    receive(house, note(slices[:1]))
    work_off(house)
    assert messages(house) == []  # there is nothing to see yet
    receive(house, *slices)
    work_off(house)
    assert len(messages(house)) == 1
    assert frames(let_in(application(house), house, exam_of(house).id), house) == [2]


def test_a_study_that_is_rejected_as_a_whole_shows_no_picture(house: Services) -> None:
    slices = three_slices()
    receive(house, *slices)
    work_off(house)
    assert len(messages(house)) == 1
    receive(house, note(slices))
    receive(house, note(slices))  # a second note of the same changes nothing
    work_off(house)
    client = let_in(application(house), house, exam_of(house).id)
    assert frames(client, house) == []
    assert "没有可以显示的影像" in client.get(f"/exams/{exam_of(house).id.hex}").text
    assert rejected(house) == 3


def test_a_note_with_another_title_hides_nothing(house: Services) -> None:
    slices = three_slices()
    receive(house, *slices, note(slices, title=OF_INTEREST))
    work_off(house)
    assert frames(let_in(application(house), house, exam_of(house).id), house) == [3]
    assert rejected(house) == 0


def too_long(slices: list[Dataset]) -> Dataset:
    made = note(slices)
    series = made.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence[0]
    series.ReferencedSOPSequence[1].ReferencedSOPInstanceUID = "1" * 80
    return made


def bare(slices: list[Dataset]) -> Dataset:
    made = note(slices)
    del made.CurrentRequestedProcedureEvidenceSequence
    return made


def of_another_study(slices: list[Dataset]) -> Dataset:
    return note(slices, study_uid=generate_uid(None))


@pytest.mark.parametrize("make", [too_long, bare, of_another_study])
def test_a_note_that_does_not_say_what_it_rejects_is_refused_and_kept(
    house: Services, make: Callable[[list[Dataset]], Dataset]
) -> None:
    slices = three_slices()
    receive(house, *slices)
    [outcome] = house.ingest.ingest.receive([IncomingObject(io.BytesIO(part10(make(slices))))], "stow", "test")
    assert isinstance(outcome, Refused)
    assert [item.reason for item in house.ingest.quarantine.newest("test")] == [outcome.reason]
    work_off(house)
    assert frames(let_in(application(house), house, exam_of(house).id), house) == [3]
    assert rejected(house) == 0


def test_a_study_without_a_picture_is_not_told_of_and_its_page_does_not_keep_waiting(house: Services) -> None:
    slices = three_slices()
    receive(house, *slices, note(slices))
    work_off(house)
    assert messages(house) == []
    client = let_in(application(house), house, exam_of(house).id)
    assert "没有可以显示的影像" in client.get("/exams").text
