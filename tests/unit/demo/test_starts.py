"""DEMO_DATA started again, grown, come through another door: nothing twice, nothing of the hospital's changed."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import select

from app.bootstrap import Services
from app.demo.house import demo_of
from app.demo.notices import work_off
from app.models import Exam, Report
from app.repos.ingest import studies as study_repo
from app.services.ingest.incoming import IncomingObject
from app.web.machine.ris.bodies import exam_input
from deploy.testbed.ct import ct_slice, part10
from tests.factories.demo_data import labelled, load, start, write
from tests.factories.house import exam_body
from tests.factories.telling import messages, order, receive_study, study, sweep


def test_a_second_start_changes_nothing_and_takes_in_what_was_added(house: Services, data: Path) -> None:
    first_uid = write(data, "a", AccessionNumber="W1")
    before = start(house, data)
    sweep(house, seconds=60)
    added = write(data, "b", AccessionNumber="W1", PatientName="Li^Si=李^四")
    grown = ct_slice(StudyInstanceUID=first_uid, AccessionNumber="W1", InstanceNumber=2, SeriesInstanceUID="1.2.3")
    (data / "c").write_bytes(part10(grown))
    after = start(house, data)
    assert after[first_uid] == before[first_uid]
    assert set(after) == {first_uid, added}
    assert order(house, added).match_state == "matched"
    with house.db.read() as session:
        assert [exam.held_at for exam in session.scalars(select(Exam))] == [None, None]
    assert len(messages(house, "+86" + after[first_uid].person.phone)) == 1
    assert demo_of(house).summary.lines() == ["2 exams, 2 shown in full"]


def test_a_second_start_hurries_no_news_that_was_on_its_way(house: Services, data: Path) -> None:
    write(data, "a", AccessionNumber="W1")
    load(house, data)
    for uid in demo_of(house).data.study_uids():
        house.pictures.completion.complete_now(uid)
    work_off(house)
    sweep(house, seconds=60)
    (exam,) = start(house, data).values()
    assert messages(house, "+86" + exam.person.phone) == []
    sweep(house, seconds=4 * 3600)
    assert len(messages(house, "+86" + exam.person.phone)) == 1


def test_another_folder_is_taken_in_beside_the_first(house: Services, data: Path, tmp_path: Path) -> None:
    write(data, "a", AccessionNumber="W1")
    first = start(house, data)
    other = tmp_path / "other"
    other.mkdir()
    uid = write(other, "a", AccessionNumber="W1")
    both = start(house, other)
    assert set(both) == {*first, uid}
    assert {key: both[key] for key in first} == first


def test_a_start_that_was_killed_between_order_and_report_is_finished_by_the_next(house: Services, data: Path) -> None:
    uid = write(data, "a", AccessionNumber="W1")
    load(house, data)
    with house.db.session() as session:
        for row in session.scalars(select(Report)):
            session.delete(row)
    load(house, data)
    load(house, data)
    with house.db.read() as session:
        assert len(session.scalars(select(Report)).all()) == 1
    assert order(house, uid).match_state == "matched"


def test_a_study_that_came_through_another_door_is_taken_over_when_its_files_are_demo_data(
    house: Services, data: Path
) -> None:
    uid = write(data, "a", AccessionNumber="", PatientSex="")
    house.ingest.ingest.receive([IncomingObject(io.BytesIO((data / "a").read_bytes()))], "stow", "machine:pacs")
    assert order(house, uid).match_state == "unmatched"
    exams = start(house, data)
    assert set(exams) == {uid}
    assert order(house, uid).match_state == "matched"


def test_an_order_of_the_ris_keeps_its_accession_number(house: Services, data: Path) -> None:
    house.exams.registration.register("W1", exam_input(exam_body(patient_name="王五", patient_id="P9")), "machine:ris")
    uid = write(data, "a", AccessionNumber="W1")
    exams = start(house, data)
    assert exams[uid].accession_number.startswith("DEMO-")
    with house.db.read() as session:
        held = {exam.accession_number: exam.held_at for exam in session.scalars(select(Exam))}
    assert held == {"W1": None, exams[uid].accession_number: None}


def test_a_study_of_the_hospital_is_never_labelled(house: Services, data: Path) -> None:
    uid = receive_study(house, AccessionNumber="", PatientID="")
    write(data, "a", AccessionNumber="W1")
    load(house, data)
    assert (study(house, uid).accession_number, order(house, uid).match_state) == ("", "unmatched")
    assert study(house, uid).patient_id_hash is None
    with house.db.session() as session, pytest.raises(AssertionError):
        demo_of(house).data.labels.complete(session, study_repo.by_uid(session, {uid})[uid])
    assert labelled(house) == {}


def test_objects_of_two_patients_under_one_study_are_held_in_the_demo_too(house: Services, data: Path) -> None:
    uid = write(data, "a", AccessionNumber="W1")
    stranger = ct_slice(StudyInstanceUID=uid, AccessionNumber="W1", PatientName="Zhao^Liu=赵^六")
    (data / "b").write_bytes(part10(stranger))
    assert load(house, data) == ["b: its patient is not the one of its study"]
    (line,) = demo_of(house).summary.lines()[1:]
    assert line == "exam W1: held, a study of its accession number names another patient"


def test_notes_are_passed_over_and_what_is_no_dicom_is_named(house: Services, data: Path) -> None:
    for name in ("SOURCE.txt", "README.MD", "annotations.json"):
        (data / name).write_text("a note")
    (data / "sub").mkdir()
    (data / "sub" / "broken.dcm").write_bytes(b"DICM?")
    with zipfile.ZipFile(data / "more.zip", "w") as archive:
        archive.writestr("note.txt", "a note")
        archive.writestr("1.dcm", part10(ct_slice(AccessionNumber="W1")))
    assert load(house, data) == ["sub/broken.dcm: not a DICOM Part-10 file"]
    assert [exam.accession_number for exam in demo_of(house).data.exams_shown()] == ["W1"]


def test_data_that_is_not_there_is_an_error(house: Services, data: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load(house, data / "nowhere")
