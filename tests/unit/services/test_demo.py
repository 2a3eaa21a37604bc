"""DEMO_DATA: whatever its headers say, each study gets an exam and is shown under it. Nothing else is lax."""

from __future__ import annotations

import io
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.bootstrap import Services
from app.demo import document
from app.models import AuditEvent, Exam, Report, Study
from app.repos import studies as study_repo
from app.services.demo import DemoExam
from app.services.exam_input import exam_input
from app.services.incoming import IncomingObject
from tests.factories.access import application
from tests.factories.house import clock_of, exam_body, services
from tests.factories.images import ct_slice, part10
from tests.factories.telling import messages, receive_study, sweep

WORDS = Path(__file__).resolve().parents[3] / "templates" / "demo" / "words.toml"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Services]:
    built = services(tmp_path / "var", wechat_notices="simulated")
    yield built
    built.renderer.close()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


def write(folder: Path, name: str, **changes: Any) -> str:
    """A study of one slice; None removes an attribute, bytes are written as they are. Its UID."""
    ds = ct_slice(**{keyword: value for keyword, value in changes.items() if value is not None})
    for keyword, value in changes.items():
        if value is None:
            delattr(ds, keyword)
    (folder / name).write_bytes(part10(ds))
    return str(ds.StudyInstanceUID)


def raw_name(folder: Path, name: str, character_set: str | None, value: bytes) -> str:
    """A study whose name is these bytes, whatever its label says."""
    mark = "N" * (len(value) + len(value) % 2)
    uid = write(folder, name, SpecificCharacterSet=character_set, PatientName=mark)
    path = folder / name
    path.write_bytes(path.read_bytes().replace(mark.encode(), value.ljust(len(mark))))
    return uid


def load(house: Services, path: Path) -> list[str]:
    """As a start of the demo does it, without preparing pictures; a minute after the last one."""
    clock_of(house).advance(60)
    with WORDS.open("rb") as file:
        return house.demo.load(path, tomllib.load(file))


def start(house: Services, path: Path) -> dict[str, DemoExam]:
    """As a start of the demo does it; the exam of each study by its UID."""
    load(house, path)
    for uid in house.demo.study_uids():
        house.worker.work.completion.complete_now(uid)
    while house.worker.run_sweeps() | house.worker.run_job():
        pass
    return {exam.study_instance_uid: exam for exam in house.demo.exams_shown()}


def study(house: Services, uid: str) -> Study:
    with house.db.read() as session:
        return study_repo.by_uid(session, {uid})[uid]


def labelled(house: Services) -> dict[str, list[str]]:
    """Study UID -> what the audit log says was changed of it."""
    with house.db.read() as session:
        rows = session.scalars(select(AuditEvent).where(AuditEvent.action == "study.labelled"))
        return {row.subject.removeprefix("study:"): row.detail["fields"] for row in rows}


def header_variants(folder: Path) -> dict[str, str]:
    """What was done to the header -> study UID."""
    return {
        "whole": write(folder, "a", AccessionNumber="W1"),
        "no accession number": write(folder, "b", AccessionNumber=""),
        "accession number left out": write(folder, "c", AccessionNumber=None),
        "accession number with a space": write(folder, "d", AccessionNumber="exam Number"),
        "no patient ID": write(folder, "e", AccessionNumber="W2", PatientID=""),
        "no name": write(folder, "f", AccessionNumber="W3", PatientName=""),
        "carets for a name": write(folder, "g", AccessionNumber="W4", PatientName="^^^^"),
        "letters only": write(folder, "h", AccessionNumber="W5", PatientName="Wang^Xiaodong"),
        "three groups": write(folder, "i", AccessionNumber="W6", PatientName="Yamada^Tarou=山田^太郎=やまだ^たろう"),
        "third group only": write(folder, "j", AccessionNumber="W7", PatientName="==やまだ^たろう"),
        "no sex, no birth date": write(folder, "k", AccessionNumber="W8", PatientSex="", PatientBirthDate=None),
        "sex unknown": write(folder, "l", AccessionNumber="W9", PatientSex="U"),
        "birth date of zeros": write(folder, "m", AccessionNumber="W10", PatientBirthDate="00000000"),
        "nothing at all": write(
            folder, "n", AccessionNumber="", PatientID="", PatientName="", PatientSex="", PatientBirthDate=""
        ),
        "GB18030 labelled Latin-1": raw_name(folder, "o", "ISO_IR 100", "王^小东".encode("gb18030")),
        "GB18030 labelled UTF-8": raw_name(folder, "p", "ISO_IR 192", "Wang^Xiaodong=王^小东".encode("gb18030")),
        "GB18030 not labelled": raw_name(folder, "q", None, "王小东".encode("gb18030")),
        "accession number of another person": write(folder, "r", AccessionNumber="W1", PatientName="Li^Si=李^四"),
        "accession number and person again": write(folder, "s", AccessionNumber="W1"),
        "patient ID of another person": write(folder, "t", AccessionNumber="W11", PatientName="Zhao^Liu=赵^六"),
    }


def test_every_study_is_shown_to_a_patient_of_its_own_whatever_its_header_lacks(house: Services, data: Path) -> None:
    variants = header_variants(data)
    exams = start(house, data)
    assert set(exams) == set(variants.values())
    assert len({exam.accession_number for exam in exams.values()}) == len(variants)
    app = application(house)
    for what, uid in variants.items():
        exam, client = exams[uid], app.test_client()
        assert study(house, uid).match_state == "matched", what
        form = {"phone": exam.person.phone, "pickup_code": exam.pickup_code, "factor": exam.person.id_number[-4:]}
        answer = client.post("/s", data=form)
        assert answer.status_code == 303, what
        manifest = client.get(answer.headers["Location"] + "/manifest.json").json
        assert [series["frames"] for series in manifest["series"]] == [1], what
        told = [text for text in messages(house, "+86" + exam.person.phone) if exam.pickup_code in text.text]
        assert len(told) == 1, what
    assert house.demo_summary.lines() == [f"{len(variants)} exams, {len(variants)} shown in full"]
    with house.db.session() as session:
        assert house.audit.verify(session) == []


def test_the_registered_person_is_the_headers(house: Services, data: Path) -> None:
    variants = header_variants(data)
    load(house, data)
    people = {exam.study_instance_uid: exam.person for exam in house.demo.exams_shown()}
    names = {what: people[uid].name for what, uid in variants.items()}
    assert names["letters only"] == "Wang Xiaodong"
    assert names["three groups"] == "山田太郎"
    assert names["third group only"] == "やまだ たろう"
    assert {names[what] for what in names if what.startswith("GB18030")} == {"王小东"}
    assert all(names.values())
    whole = people[variants["whole"]]
    assert (whole.patient_id, whole.name, whole.sex, whole.birth_date) == ("P1", "李娜", "F", "1960-01-02")


def test_only_what_a_header_lacks_is_labelled_and_audited(house: Services, data: Path) -> None:
    variants = header_variants(data)
    load(house, data)
    changed = labelled(house)
    by_name = {what: changed.get(uid, []) for what, uid in variants.items()}
    # of those that share an accession number one keeps it (A1 is what `ct_slice` gives)
    for sharing in (
        ["whole", "accession number of another person", "accession number and person again"],
        [what for what in by_name if what.startswith("GB18030")],
    ):
        assert sorted(by_name.pop(what) for what in sharing) == [[], ["accession_number"], ["accession_number"]]
    assert {what: fields for what, fields in by_name.items() if fields} == {
        "no accession number": ["accession_number"],
        "accession number left out": ["accession_number"],
        "accession number with a space": ["accession_number"],
        "no patient ID": ["identity"],
        "carets for a name": ["identity"],
        "sex unknown": ["identity"],
        "birth date of zeros": ["identity"],
        "nothing at all": ["accession_number", "identity"],
    }


def test_two_studies_of_one_patient_reach_one_phone_and_of_two_patients_two(house: Services, data: Path) -> None:
    mine = [write(data, "a", AccessionNumber="W1"), write(data, "b", AccessionNumber="W2")]
    others = write(data, "c", AccessionNumber="W3", PatientName="Li^Si=李^四")
    exams = start(house, data)
    assert exams[mine[0]].person == exams[mine[1]].person
    assert exams[others].person.phone != exams[mine[0]].person.phone
    assert len(messages(house, "+86" + exams[mine[0]].person.phone)) == 2


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
    assert study(house, added).match_state == "matched"
    with house.db.read() as session:
        assert [exam.held_at for exam in session.scalars(select(Exam))] == [None, None]
    assert len(messages(house, "+86" + after[first_uid].person.phone)) == 1
    assert house.demo_summary.lines() == ["2 exams, 2 shown in full"]


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
    assert study(house, uid).match_state == "matched"


def test_a_study_that_came_through_another_door_is_taken_over_when_its_files_are_demo_data(
    house: Services, data: Path
) -> None:
    uid = write(data, "a", AccessionNumber="", PatientSex="")
    house.ingest.receive([IncomingObject(io.BytesIO((data / "a").read_bytes()))], "stow", "machine:pacs")
    assert study(house, uid).match_state == "unmatched"
    exams = start(house, data)
    assert set(exams) == {uid}
    assert study(house, uid).match_state == "matched"


def test_an_order_of_the_ris_keeps_its_accession_number(house: Services, data: Path) -> None:
    house.exams.register("W1", exam_input(exam_body(patient_name="王五", patient_id="P9")), "machine:ris")
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
    assert (study(house, uid).accession_number, study(house, uid).match_state) == ("", "unmatched")
    assert study(house, uid).patient_id_hash is None
    with house.db.session() as session, pytest.raises(AssertionError):
        house.demo.labels.complete(session, study_repo.by_uid(session, {uid})[uid])
    assert labelled(house) == {}


def test_objects_of_two_patients_under_one_study_are_held_in_the_demo_too(house: Services, data: Path) -> None:
    uid = write(data, "a", AccessionNumber="W1")
    stranger = ct_slice(StudyInstanceUID=uid, AccessionNumber="W1", PatientName="Zhao^Liu=赵^六")
    (data / "b").write_bytes(part10(stranger))
    assert load(house, data) == ["b: its patient is not the one of its study"]
    (line,) = house.demo_summary.lines()[1:]
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
    assert [exam.accession_number for exam in house.demo.exams_shown()] == ["W1"]


def test_data_that_is_not_there_is_an_error(house: Services, data: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load(house, data / "nowhere")


def test_each_patient_gets_a_text_message_and_a_notice_that_opens_the_exam(house: Services, data: Path) -> None:
    (exam,) = start(house, write_one(data)).values()
    (text,) = messages(house, "+86" + exam.person.phone)
    assert exam.pickup_code in text.text
    assert house.simulation.wechat is not None
    (notice,) = house.simulation.wechat.notices(house.demo.openid(exam.person.phone))
    assert notice.url == f"{house.settings.base_url}/s/{house.demo.link_code(exam.accession_number)}"
    app = application(house)
    phone_page = app.test_client().get(f"/demo/phone?phone={exam.person.phone}").text
    assert f'<b class="sms__code">{exam.pickup_code}</b>' in phone_page
    assert notice.title in phone_page
    assert notice.url in phone_page
    path = notice.url.removeprefix(house.settings.base_url)
    assert app.test_client().post(path, data={"factor": exam.person.id_number[-4:]}).status_code == 303


def write_one(data: Path) -> Path:
    write(data, "a", AccessionNumber="W1")
    return data


def test_an_order_registered_by_hand_gets_its_text_message_too(house: Services, data: Path) -> None:
    start(house, write_one(data))
    order = exam_body(patient_name="钱七", patient_id="P77", patient_phone="13912345678")
    house.exams.register("HAND1", exam_input(order), "machine:ris")
    uid = receive_study(house, AccessionNumber="HAND1", PatientID="P77", PatientName="Qian^Qi=钱^七")
    house.worker.work.completion.complete_now(uid)
    while house.worker.run_sweeps() | house.worker.run_job():
        pass
    (text,) = messages(house, "+8613912345678")
    page = application(house).test_client().get("/demo/phone?phone=13912345678")
    assert text.text.partition("取片码")[2][:6] in page.text


def test_a_phone_that_got_nothing_yet_is_empty_and_what_is_no_phone_does_not_exist(house: Services, data: Path) -> None:
    client = application(house).test_client()
    assert client.get("/demo/phone").status_code == 200
    assert "还没有收到消息" in client.get("/demo/phone?phone=13900009999").text
    assert client.get("/demo/phone?phone=1").status_code == 404


def test_the_demos_long_link_opens_the_exam_and_stays_the_same(tmp_path: Path, data: Path) -> None:
    built = services(tmp_path / "long", sms_link="long", wechat_notices="off")
    try:
        write(data, "a")
        (exam,) = start(built, data).values()
        (told,) = document(built)["exams"]
        assert document(built)["exams"] == [told]
        code = told["sms_url"].removeprefix(f"{built.settings.base_url}/s/")
        assert len(code) == 26
        form = {"factor": exam.person.id_number[-4:]}
        assert application(built).test_client().post(f"/s/{code}", data=form).status_code == 303
    finally:
        built.renderer.close()
