"""DEMO_DATA: whatever its headers say, each study gets an exam and is shown under it. Nothing else is lax."""

from __future__ import annotations

from pathlib import Path

from app.bootstrap import Services
from app.demo.house import demo_of
from tests.factories.access import application
from tests.factories.demo_data import labelled, load, start, write
from tests.factories.telling import messages, order


def raw_name(folder: Path, name: str, character_set: str | None, value: bytes) -> str:
    """A study whose name is these bytes, whatever its label says."""
    mark = "N" * (len(value) + len(value) % 2)
    uid = write(folder, name, SpecificCharacterSet=character_set, PatientName=mark)
    path = folder / name
    path.write_bytes(path.read_bytes().replace(mark.encode(), value.ljust(len(mark))))
    return uid


def header_variants(folder: Path) -> dict[str, str]:
    """What was done to the header -> study UID."""
    return {
        "whole": write(folder, "a", AccessionNumber="W1"),
        "no accession number": write(folder, "b", AccessionNumber=""),
        "accession number left out": write(folder, "c", AccessionNumber=None),
        "accession number with a slash": write(folder, "d", AccessionNumber="exam/Number"),
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
        assert order(house, uid).match_state == "matched", what
        form = {
            "phone": exam.person.phone,
            "pickup_code": demo_of(house).data.pickup_code(exam.accession_number),
            "factor": exam.person.id_number[-4:],
        }
        answer = client.post("/s", data=form)
        assert answer.status_code == 303, what
        manifest = client.get(answer.headers["Location"] + "/manifest.json").json
        assert [series["frames"] for series in manifest["series"]] == [1], what
    assert all(messages(house, "+86" + exam.person.phone) for exam in exams.values())
    assert demo_of(house).summary.lines() == [f"{len(variants)} exams, {len(variants)} shown in full"]
    with house.db.session() as session:
        assert house.audit.log.verify(session) == []


def test_the_registered_person_is_the_headers(house: Services, data: Path) -> None:
    variants = header_variants(data)
    load(house, data)
    people = {exam.study_instance_uid: exam.person for exam in demo_of(house).data.exams_shown()}
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
        "accession number with a slash": ["accession_number"],
        "no patient ID": ["identity"],
        "carets for a name": ["identity"],
        "sex unknown": ["identity"],
        "birth date of zeros": ["identity"],
        "nothing at all": ["accession_number", "identity"],
    }
