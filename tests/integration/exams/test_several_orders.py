"""One study for several orders: the exam of each shows it, and each is judged, held, released and told for itself."""

from __future__ import annotations

import copy
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydicom import Dataset
from sqlalchemy import select

from app.bootstrap import Services
from app.models import Exam, StudyOrder
from app.repos.pictures import prepared
from app.services.dicomweb.matching_keys import Level
from app.services.dicomweb.query import Search
from app.services.ingest.incoming import IncomingObject
from deploy.testbed.ct import ct_slice, part10
from tests.factories.access import application, let_in
from tests.factories.house import services
from tests.factories.rejection_notes import note
from tests.factories.staff import console
from tests.factories.telling import exam_of, order, register, report, states, sweep

OTHER = {"patient_patient_id": "P2", "patient_name": "王强", "patient_sex": "M"}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Services]:
    built = services(tmp_path)
    yield built
    built.pictures.renderer.close()
    built.db.dispose()


@pytest.fixture
def app(house: Services) -> Flask:
    return application(house)


def requests(*numbers: str) -> list[Dataset]:
    found = [Dataset() for _ in numbers]
    for request, number in zip(found, numbers, strict=True):
        request.AccessionNumber = number
    return found


def slice_of(own: str, *numbers: str, **attributes: object) -> Dataset:
    return ct_slice(AccessionNumber=own, RequestAttributesSequence=requests(*numbers), **attributes)


def receive(house: Services, *objects: Dataset | bytes) -> None:
    files = [each if isinstance(each, bytes) else part10(each) for each in objects]
    house.ingest.ingest.receive([IncomingObject(io.BytesIO(file)) for file in files], "stow", "machine:pacs")


def work_off(house: Services) -> None:
    for _ in range(3):
        sweep(house, seconds=120)
        while house.worker.run_job():
            pass
    sweep(house)


def shown(client: FlaskClient, exam: Exam) -> list[int]:
    answer = client.get(f"/exams/{exam.id.hex}/manifest.json")
    return [series["frames"] for series in answer.json["series"]] if answer.status_code == 200 else []


def seen(house: Services, app: Flask, *numbers: str) -> list[list[int]]:
    """What the patient of each exam sees."""
    exams = [exam_of(house, number) for number in numbers]
    return [shown(let_in(app, house, exam.id), exam) for exam in exams]


@pytest.mark.parametrize("own", ["", "A1", "a2", "B0"])
@pytest.mark.parametrize("study_first", [True, False])
def test_the_exam_of_each_order_shows_the_study(house: Services, app: Flask, own: str, study_first: bool) -> None:
    sent = slice_of(own, "A1", "A2")
    if study_first:
        receive(house, sent)
    register(house, "A1")
    register(house, "A2")
    if not study_first:
        receive(house, sent)
    work_off(house)
    assert seen(house, app, "A1", "A2") == [[1], [1]]
    for number in ("A1", "A2"):
        assert [state for state, *_ in states(house, exam_of(house, number).id)] == ["images_ready"], "told once each"


def test_requests_that_a_report_refers_to_are_orders_of_the_study(house: Services, app: Flask) -> None:
    for number in ("A1", "A2"):
        register(house, number)
    receive(house, ct_slice(AccessionNumber="A1", ReferencedRequestSequence=requests("A2")))
    work_off(house)
    assert seen(house, app, "A1", "A2") == [[1], [1]]


def test_a_study_that_two_orders_give_to_one_exam_is_shown_and_taken_once(house: Services, app: Flask) -> None:
    register(house, "A1")
    receive(house, slice_of("A1"))
    work_off(house)
    exam = exam_of(house, "A1")
    with house.db.session() as session:
        own = session.scalars(select(StudyOrder)).one()
        session.add(
            StudyOrder(
                study_id=own.study_id,
                place=1,
                named_at=own.named_at,
                accession_number="A1-AGAIN",
                exam_id=exam.id,
                match_state=own.match_state,
            )
        )
    client = let_in(app, house, exam.id)
    assert shown(client, exam) == [1]
    with zipfile.ZipFile(io.BytesIO(client.get(f"/exams/{exam.id.hex}/dicom.zip").get_data())) as taken:
        names = taken.namelist()
    assert len(names) == len(set(names))
    assert len(house.pictures.serving.originals(exam.id)) == 1
    with house.db.read() as session:
        assert prepared.frames_shown(session, [exam.id]) == {exam.id: 1}


def test_orders_that_only_some_series_name_are_the_studys_too(house: Services, app: Flask) -> None:
    first = slice_of("", "A1")
    register(house, "A1")
    register(house, "A2")
    receive(house, first)
    work_off(house)
    assert seen(house, app, "A1") == [[1]]
    receive(house, slice_of("", "A2", StudyInstanceUID=first.StudyInstanceUID, SeriesNumber=2))
    work_off(house)
    assert seen(house, app, "A1", "A2") == [[1, 1], [1, 1]]


def test_an_order_of_another_patient_holds_its_own_exam_alone(house: Services, app: Flask) -> None:
    register(house, "A1")
    register(house, "A2", **OTHER)
    sent = slice_of("A1", "A2")
    receive(house, sent)
    work_off(house)
    assert (exam_of(house, "A1").held_at, exam_of(house, "A2").held_reason) == (None, "contradicted")
    assert seen(house, app, "A1", "A2") == [[1], []]
    assert states(house, exam_of(house, "A2").id) == []
    desk = console(app, house)
    held = f"/staff/exams/{exam_of(house, 'A2').id.hex}"
    assert "同时属于检查" in desk.get(held).text, "staff see whose pictures these are shown as"
    register(house, "A2")
    work_off(house)
    assert seen(house, app, "A1", "A2") == [[1], [1]], "the order was corrected"


def test_staff_part_the_study_from_the_exam_they_looked_at_only(house: Services, app: Flask) -> None:
    register(house, "A1")
    exam_id = register(house, "A2", **OTHER)
    sent = slice_of("A1", "A2")
    receive(house, sent)
    work_off(house)
    house.release.holds.release_hold(exam_id, "已与检查科室核对", "staff:a")
    uid = sent.StudyInstanceUID
    assert (order(house, uid, "A1").match_state, order(house, uid, "A2").match_reason) == ("matched", "parted")
    register(house, "A2")  # not even when the order turns out to be this patient's
    work_off(house)
    assert seen(house, app, "A1", "A2") == [[1], []]


def test_a_hold_by_staff_holds_one_exam(house: Services, app: Flask) -> None:
    exam_id = register(house, "A1")
    register(house, "A2")
    receive(house, slice_of("", "A1", "A2"))
    work_off(house)
    house.release.holds.withhold(exam_id, "报告有误", "staff:a")
    assert seen(house, app, "A1", "A2") == [[], [1]]


def test_an_object_of_another_patient_holds_the_exam_of_each_order(house: Services, app: Flask) -> None:
    register(house, "A1")
    register(house, "A2")
    sent = slice_of("", "A1", "A2")
    receive(house, sent)
    work_off(house)
    receive(house, ct_slice(StudyInstanceUID=sent.StudyInstanceUID, PatientID="P9"))
    assert {exam_of(house, number).held_reason for number in ("A1", "A2")} == {"contradicted"}
    assert seen(house, app, "A1", "A2") == [[], []]
    # an order that is named only now is not shown either
    register(house, "A3")
    receive(house, slice_of("A3", StudyInstanceUID=sent.StudyInstanceUID, SeriesNumber=2))
    work_off(house)
    assert (seen(house, app, "A3"), exam_of(house, "A3").held_reason) == ([[]], "contradicted")


def test_a_rejection_takes_the_pictures_from_each_exam(house: Services, app: Flask) -> None:
    register(house, "A1")
    register(house, "A2")
    sent = slice_of("", "A1", "A2")
    receive(house, sent)
    work_off(house)
    before = [exam_of(house, number).revision for number in ("A1", "A2")]
    receive(house, note([sent]))
    after = [exam_of(house, number).revision for number in ("A1", "A2")]
    assert all(late > early for early, late in zip(before, after, strict=True)), "no old picture is served"
    work_off(house)
    assert seen(house, app, "A1", "A2") == [[], []]


def corrected(dataset: Dataset, own: str, *numbers: str) -> Dataset:
    changed = copy.deepcopy(dataset)
    changed.AccessionNumber, changed.RequestAttributesSequence = own, requests(*numbers)
    return changed


def test_corrected_headers_add_an_order_and_take_one_back(house: Services, app: Flask) -> None:
    register(house, "A1")
    register(house, "A2")
    report(house, "A1")
    first = slice_of("A1")
    second = slice_of("A1", StudyInstanceUID=first.StudyInstanceUID, SeriesInstanceUID=first.SeriesInstanceUID)
    receive(house, first, second)
    work_off(house)
    assert seen(house, app, "A1", "A2") == [[2], []]
    receive(house, corrected(first, "A1", "A2"))
    work_off(house)
    assert seen(house, app, "A1", "A2") == [[2], []], "the other header does not say so yet"
    receive(house, corrected(second, "A1", "A2"))
    work_off(house)
    assert seen(house, app, "A1", "A2") == [[2], [2]]
    receive(house, corrected(first, "A2"), corrected(second, "A2"))
    work_off(house)
    assert seen(house, app, "A1", "A2") == [[], [2]]
    assert exam_of(house, "A1").held_reason == "pictures_of_another"


def test_series_of_different_orders_may_be_corrected_together(house: Services, app: Flask) -> None:
    register(house, "A1")
    register(house, "A2")
    wrong = {"PatientID": "TEMP1", "PatientName": "JIZHEN^WUMING", "PatientSex": "O", "PatientBirthDate": "19000101"}
    first = slice_of("", "A1", **wrong)
    second = slice_of("", "A2", StudyInstanceUID=first.StudyInstanceUID, SeriesNumber=2, **wrong)
    receive(house, first, second)
    work_off(house)
    assert seen(house, app, "A1", "A2") == [[], []]
    right = {"PatientID": "P1", "PatientName": "Li^Na=李^娜", "PatientSex": "F", "PatientBirthDate": "19600102"}
    for dataset in (first, second):
        for keyword, value in right.items():
            setattr(dataset, keyword, value)
    receive(house, first, second)
    work_off(house)
    assert seen(house, app, "A1", "A2") == [[1, 1], [1, 1]]


def test_a_machine_finds_the_study_by_each_of_its_orders(house: Services) -> None:
    sent = slice_of("A1", "A2", "A3")
    receive(house, sent)
    for number in ("A1", "A2", "A3", "A*"):
        found = house.dicomweb.query.search(Search(Level.STUDY, (("AccessionNumber", number),)), "machine:r")
        assert [row["StudyInstanceUID"] for row in found.rows] == [sent.StudyInstanceUID], number


def test_a_number_that_nobody_registers_does_not_fill_the_desks_list(house: Services, app: Flask) -> None:
    register(house, "A1")
    receive(house, slice_of("A1", "PLACER-7"))
    desk = console(app, house)
    assert "PLACER-7" not in desk.get("/staff/unmatched").text
    receive(house, slice_of("", "X1", "X2"))
    assert all(number in desk.get("/staff/unmatched").text for number in ("X1", "X2"))


def test_a_whole_number_beside_a_cut_one_is_one_order(house: Services, app: Flask) -> None:
    whole = "HOSPITAL-2026-000123"
    register(house, whole)
    sent = slice_of(whole[:16], whole)
    receive(house, sent)
    desk = console(app, house)
    cut = order(house, sent.StudyInstanceUID, whole[:16])
    address = f"/staff/unmatched/{cut.id.hex}/accept"
    house.desk.proposals.accept(cut.id, whole, "staff:a")
    assert desk.post(address, "/staff/unmatched", accession_number=whole).status_code == 404
    work_off(house)
    assert seen(house, app, whole) == [[1]]
    receive(house, slice_of(whole[:16], StudyInstanceUID=sent.StudyInstanceUID, SeriesNumber=2))
    assert order(house, sent.StudyInstanceUID).accession_number == whole, "headers go on to say the cut number"


def test_no_device_holds_a_whole_department(house: Services) -> None:
    numbers = [f"D{number}" for number in range(60)]
    for number in numbers:
        register(house, number, **OTHER)
    sent = slice_of("", *numbers[:50])
    receive(house, sent)
    receive(house, slice_of("", *numbers[50:], StudyInstanceUID=sent.StudyInstanceUID, SeriesNumber=2))
    assert sum(exam_of(house, number).held_at is not None for number in numbers) == 20
