"""QIDO-RS: which rows come, in what form, and what is refused."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from sqlalchemy import select

from app.dicom.native_xml import from_xml
from app.identity.sealed import open_identity
from app.models import Instance, Series, Study
from app.security.fields import Place
from app.services.dicomweb import query as dicom_query
from app.web.machine.ris.bodies import exam_input
from deploy.testbed.ct import ct_file, ct_series
from tests.factories.door_app import bearer
from tests.factories.house import exam_body
from tests.factories.reading_machine import ReadingMachine, tag

A, B = "1.2.3.1", "1.2.3.2"
STUDY, ACCESSION, PATIENT_ID = "0020000D", "00080050", "00100020"


def _requested(step_id: str) -> Dataset:
    item = Dataset()
    item.ScheduledProcedureStepID = step_id
    return item


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReadingMachine]:
    machine = ReadingMachine(tmp_path_factory.mktemp("qido"))
    machine.hold(
        *ct_series(
            5,
            StudyInstanceUID=A,
            AccessionNumber="A_100",
            StudyDate="20260105",
            StudyTime="0930",
            StudyDescription="Chest",
        ),
        *ct_series(2, StudyInstanceUID=A, AccessionNumber="A_100", Modality="SR", StudyDate="20260105"),
        *ct_series(
            3,
            StudyInstanceUID=B,
            AccessionNumber="AX200",
            StudyDate="20260220",
            PatientID="P2",
            Modality="MR",
            StudyDescription="",
            ReferringPhysicianName="House^Gregory",
            PerformedProcedureStepStartDate="20260220",
            RequestAttributesSequence=[_requested("SPS1")],
        ),
    )
    yield machine
    machine.close()


def studies(machine: ReadingMachine, **query: str) -> set[str]:
    answer = machine.get("/studies", **query)
    assert answer.status_code in (200, 204), answer.json
    return {tag(item, STUDY) for item in answer.json} if answer.status_code == 200 else set()


def test_a_study_comes_with_all_required_attributes(machine: ReadingMachine) -> None:
    answer = machine.get("/studies", StudyInstanceUID=A)
    assert answer.content_type == "application/dicom+json"
    [study] = answer.json
    assert tag(study, "00080020") == "20260105"
    assert tag(study, ACCESSION) == "A_100"
    assert tag(study, PATIENT_ID) == "P1"
    assert tag(study, "00100010") == {"Alphabetic": "Li^Na", "Ideographic": "李^娜"}
    assert study["00080061"]["Value"] == ["CT", "SR"]
    assert (tag(study, "00201206"), tag(study, "00201208")) == (2, 7)
    assert tag(study, "00081190").endswith(f"/dicomweb/studies/{A}")
    assert list(study) == sorted(study)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, {A, B}),
        ({"StudyInstanceUID": f"{A},{B}"}, {A, B}),
        ({"0020000D": B}, {B}),
        ({"AccessionNumber": "AX200"}, {B}),
        ({"AccessionNumber": "A_*"}, {A}),
        ({"AccessionNumber": "A?200"}, {B}),
        ({"AccessionNumber": "A%"}, set()),
        ({"AccessionNumber": "*"}, {A, B}),
        ({"AccessionNumber": ""}, {A, B}),
        ({"PatientID": "P2"}, {B}),
        ({"PatientID": "P"}, set()),
        ({"PatientID": "P*"}, {A, B}),
        ({"PatientID": "?2"}, {B}),
        ({"00100020": "*p2*"}, {B}),
        ({"PatientID": "*3*"}, set()),
        ({"StudyDate": "20260105"}, {A}),
        ({"StudyDate": "20260101-20260131"}, {A}),
        ({"StudyDate": "20260201-"}, {B}),
        ({"StudyDate": "-20260201"}, {A}),
        ({"StudyDate": "20270101-"}, set()),
        ({"StudyTime": "09-10"}, {A}),
        ({"StudyTime": "0930"}, {A}),
        ({"StudyTime": "10-"}, set()),
        ({"ModalitiesInStudy": "SR"}, {A}),
        ({"ModalitiesInStudy": "MR,SR"}, {A, B}),
        ({"ModalitiesInStudy": "US"}, set()),
        ({"StudyDescription": "Ch*", "PatientID": "P1"}, {A}),
        ({"AccessionNumber": "' OR 1=1 --"}, set()),
        ({"SeriesInstanceUID": "1.2"}, set()),
        ({"Modality": "MR"}, {B}),
        ({"PatientName": "*"}, {A, B}),
        ({"NumberOfStudyRelatedSeries": "*"}, {A, B}),
        ({"PatientName": "Li^Na"}, {A, B}),
        ({"PatientName": "LI^NA"}, {A, B}),
        ({"PatientName": "李^娜"}, {A, B}),
        ({"PatientName": "Li^Na=李^娜"}, {A, B}),
        ({"PatientName": "Li^Na=王^娜"}, set()),
        ({"PatientName": "Li"}, set()),
        ({"PatientName": "l*"}, {A, B}),
        ({"PatientName": "*娜", "PatientID": "P2"}, {B}),
        ({"PatientName": "W*"}, set()),
        ({"PatientSex": "F"}, {A, B}),
        ({"PatientSex": "M"}, set()),
        ({"ReferringPhysicianName": "House*"}, {B}),
        ({"RequestAttributesSequence.ScheduledProcedureStepID": "SPS1"}, {B}),
        ({"00400275.00400009": "SPS?"}, {B}),
        ({"00400275.00400009": "SPS2"}, set()),
        ({"PerformedProcedureStepStartDate": "20260219-20260221"}, {B}),
        ({"StudyDescription": '""', "emptyvaluematching": "true"}, {B}),
        ({"StudyDescription": '""'}, set()),
    ],
)
def test_matching_keys_select_studies(machine: ReadingMachine, query: dict[str, str], expected: set[str]) -> None:
    assert studies(machine, **query) == expected


@pytest.mark.parametrize(
    "query",
    [
        {"StudyDate": "2026-01-05"},
        {"StudyDate": "-"},
        {"StudyInstanceUID": "abc"},
        {"limit": "many"},
        {"limit": "-1"},
        {"offset": "-1"},
        {"AccessionNumber": "x" * 5000},
        {"StudyDate": "20260105", "00080020": "20260105"},
    ],
)
def test_what_cannot_be_matched_is_400(machine: ReadingMachine, query: dict[str, str]) -> None:
    assert machine.get("/studies", **query).status_code == 400


@pytest.mark.parametrize("value", ["\0", "A\0", "\x1b*", "A\nB", "\x85"])
@pytest.mark.parametrize("key", ["AccessionNumber", "StudyDescription", "StudyID", "PatientID", "ModalitiesInStudy"])
def test_a_key_with_control_characters_is_400_on_every_database(machine: ReadingMachine, key: str, value: str) -> None:
    assert machine.get("/studies", **{key: value}).status_code == 400


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"NoSuchAttribute": "x"}, "an unknown attribute"),
        ({"<b>\u00e9": "x"}, "an unknown attribute"),
        ({"PixelSpacing": "1"}, "PixelSpacing"),
        ({"includefield": "NoSuchAttribute"}, "an unknown attribute"),
    ],
)
def test_what_nothing_can_match_is_ignored_and_said(machine: ReadingMachine, query: dict[str, str], named: str) -> None:
    answer = machine.get("/studies", **query)
    assert {tag(item, STUDY) for item in answer.json} == {A, B}
    [warning] = answer.headers.getlist("Warning")
    assert warning.startswith("299 ")
    assert warning.endswith(f'have been ignored: {named}."')


def test_a_name_is_not_looked_for_among_too_many(machine: ReadingMachine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ignored, it would answer with the studies of everybody."""
    monkeypatch.setattr("app.services.dicomweb.late_keys.MOST_ROWS", 1)
    for query in ({"PatientName": "Li*"}, {"PatientBirthDate": "19800101"}, {"PatientID": "P*"}, {"PatientID": "*?*"}):
        assert machine.get("/studies", **query).status_code == 400
        assert machine.get("/studies", **query, AccessionNumber="AX200").status_code in (200, 204)
    answer = machine.get("/studies", ReferringPhysicianName="House*")
    assert (len(answer.json), "ReferringPhysicianName" in answer.headers["Warning"]) == (2, True)


def test_a_whole_name_is_found_among_many_by_the_names_of_patients(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.dicomweb.late_keys.MOST_ROWS", 1)
    machine = ReadingMachine(tmp_path)
    for accession, name in (("A1", "李娜"), ("A2", "王伟")):
        exam = exam_input(exam_body(patient_name=name, patient_id=accession))
        machine.services.exams.registration.register(accession, exam, "machine:ris")
    li = {"StudyInstanceUID": A, "AccessionNumber": "A1", "PatientID": "A1", "PatientName": "Li^Na=李^娜"}
    wang = {"StudyInstanceUID": B, "AccessionNumber": "A2", "PatientID": "A2", "PatientName": "Wang^Wei"}
    machine.hold(ct_file(**li), ct_file(**wang))
    try:
        assert studies(machine, PatientName="Wang^Wei") == {B}
        assert studies(machine, PatientName="李^娜") == studies(machine, PatientName="LI^NA") == {A}
        assert studies(machine, PatientName="Wang") == studies(machine, PatientName="Zhao^Yun") == set()
        assert machine.get("/studies", PatientName="W*").status_code == 400
        _whole_values_between_asterisks_are_found(machine)
    finally:
        machine.close()


def _whole_values_between_asterisks_are_found(machine: ReadingMachine) -> None:
    """Viewers search so for whatever somebody types."""
    for query, expected in (
        ({"PatientName": "*Wang^Wei*"}, {B}),
        ({"PatientName": "*李娜*"}, {A}),
        ({"00100020": "*a2*"}, {B}),
        ({"PatientName": "*Wang*"}, set()),
        ({"PatientID": "*A*"}, set()),
    ):
        answer = machine.get("/studies", **query)
        assert {tag(item, STUDY) for item in (answer.json if answer.status_code == 200 else ())} == expected
        assert "only whole values" in answer.headers["Warning"]


def test_a_viewers_list_reads_no_object_for_what_the_rows_keep(
    machine: ReadingMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OHIF asks for these with each list."""
    fields = "00081030,00080060,00080090,00100030"
    told = machine.get("/studies", limit="101", offset="0", fuzzymatching="false", includefield=fields)
    assert {tag(item, STUDY): tag(item, "00080060") for item in told.json} == {A: "CT", B: "MR"}

    def reading(*_: object) -> None:
        raise AssertionError("an object was read")

    monkeypatch.setattr("app.services.dicomweb.late_keys.LateKeys.elements", reading)
    again = machine.get("/studies", limit="101", offset="0", fuzzymatching="false", includefield=fields)
    assert again.json == told.json
    series = machine.get(f"/studies/{A}/series", includefield="00080021,00080031,0008103E,00200011")
    assert len(series.json) == 2


def test_attributes_of_the_object_come_to_who_asks_for_them(machine: ReadingMachine) -> None:
    fields = "ReferringPhysicianName,00400275,Rows"
    [study] = machine.get("/studies", AccessionNumber="AX200", includefield=fields).json
    assert tag(study, "00080090") == {"Alphabetic": "House^Gregory"}
    assert study["00400275"]["Value"][0]["00400009"]["Value"] == ["SPS1"]
    assert tag(study, "00280010") == 8
    [other] = machine.get("/studies", AccessionNumber="A_100", includefield=fields).json
    assert other["00080090"] == {"vr": "PN"}
    assert "00400275" not in other
    instances = machine.get(f"/studies/{A}/instances", includefield="PixelSpacing", limit="2")
    assert len(instances.json) == 2


def test_a_study_tells_who_sent_the_patient_and_a_series_what_was_requested(machine: ReadingMachine) -> None:
    [study] = machine.get("/studies", AccessionNumber="AX200").json
    assert tag(study, "00080090") == {"Alphabetic": "House^Gregory"}
    [other] = machine.get("/studies", AccessionNumber="A_100").json
    assert other["00080090"] == {"vr": "PN"}
    [series] = machine.get(f"/studies/{B}/series").json
    assert series["00400275"] == {"vr": "SQ", "Value": [{"00400009": {"vr": "SH", "Value": ["SPS1"]}}]}
    assert tag(series, "00400244") == "20260220"
    assert all("00400275" not in item for item in machine.get(f"/studies/{A}/series").json)


def test_rows_from_before_these_were_kept_tell_them_from_their_objects(machine: ReadingMachine) -> None:
    fields = machine.services.fields
    with machine.services.db.session() as session:
        for study in session.scalars(select(Study)):
            plain = asdict(open_identity(fields, study))
            del plain["referring_physician"]
            study.identity_sealed = fields.seal(json.dumps(plain), Place("study", "identity_sealed", study.id))
        for series in session.scalars(select(Series)):
            series.attributes = {
                name: value for name, value in series.attributes.items() if name != "RequestAttributesSequence"
            }
    test_a_study_tells_who_sent_the_patient_and_a_series_what_was_requested(machine)


def test_required_attributes_stay_and_other_empty_ones_are_left_out(machine: ReadingMachine) -> None:
    [study] = machine.get("/studies", AccessionNumber="AX200").json
    assert study["00200010"] == {"vr": "SH"} or tag(study, "00200010")
    assert "00081030" not in study


def test_a_limit_of_none_only_counts(machine: ReadingMachine) -> None:
    answer = machine.get("/instances", limit="0")
    assert (answer.status_code, answer.get_data()) == (204, b"")
    assert "There are 10 additional" in answer.headers["Warning"]


def test_results_also_come_in_xml(machine: ReadingMachine) -> None:
    accept = 'multipart/related; type="application/dicom+xml"'
    documents = [from_xml(content) for _, content in machine.parts("/studies", accept)]
    assert documents == machine.get("/studies").json


def test_no_match_is_204(machine: ReadingMachine) -> None:
    answer = machine.get("/studies", AccessionNumber="none")
    assert (answer.status_code, answer.get_data()) == (204, b"")


def test_pages_follow_each_other_and_say_what_remains(machine: ReadingMachine) -> None:
    seen = []
    for offset in range(0, 12, 4):
        answer = machine.get("/instances", limit="4", offset=str(offset))
        rows = answer.json if answer.status_code == 200 else []
        seen += [tag(item, "00080018") for item in rows]
        remaining = max(0, 10 - offset - 4)
        warning = answer.headers.get("Warning", "")
        assert (f"There are {remaining} additional" in warning) == (remaining > 0)
    assert len(seen) == len(set(seen)) == 10


def test_the_server_has_a_limit_of_its_own(machine: ReadingMachine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dicom_query, "MAX_RESULTS", 3)
    answer = machine.get("/instances")
    assert len(answer.json) == 3
    assert "There are 7 additional" in answer.headers["Warning"]


@pytest.mark.parametrize("number", ["1000000000", "999999999999999999"])
def test_a_limit_or_offset_beyond_all_rows_is_no_fault(machine: ReadingMachine, number: str) -> None:
    assert len(machine.get("/instances", limit=number).json) == 10
    assert machine.get("/instances", offset=number).status_code == 204


@pytest.mark.parametrize("value", ["*" * 2000, "*a" * 1000 + "b", "?*" * 1000, "%_" * 1000 + "*", "[" * 500 + "*"])
def test_floods_of_wildcards_are_answered_at_once(machine: ReadingMachine, value: str) -> None:
    started = time.process_time()  # not what others take of the machine
    assert machine.get("/studies", StudyDescription=value).status_code in (200, 204)
    assert time.process_time() - started < 5


def test_series_of_a_study(machine: ReadingMachine) -> None:
    rows = machine.get(f"/studies/{A}/series").json
    assert {(tag(row, "00080060"), tag(row, "00201209")) for row in rows} == {("CT", 5), ("SR", 2)}
    assert ACCESSION not in rows[0]
    [mr] = machine.get("/series", Modality="MR").json
    assert (tag(mr, STUDY), tag(mr, ACCESSION)) == (B, "AX200")
    assert machine.get(f"/studies/{A}/series", Modality="MR").status_code == 204


def test_instances_of_a_series_come_in_their_order(machine: ReadingMachine) -> None:
    [series] = machine.get("/series", Modality="CT").json
    uid = tag(series, "0020000E")
    rows = machine.get(f"/studies/{A}/series/{uid}/instances").json
    assert [tag(row, "00200013") for row in rows] == [1, 2, 3, 4, 5]
    assert (tag(rows[0], "00280010"), tag(rows[0], "00280011"), tag(rows[0], "00280100")) == (8, 8, 16)
    assert tag(rows[0], "00081190").endswith(f"/series/{uid}/instances/{tag(rows[0], '00080018')}")
    assert len(machine.get("/instances", SOPInstanceUID=tag(rows[2], "00080018")).json) == 1
    assert len(machine.get(f"/studies/{A}/instances", InstanceNumber="2").json) == 2


def test_other_answer_types_and_tokens_are_refused(machine: ReadingMachine) -> None:
    assert machine.get("/studies", accept="text/html").status_code == 406
    assert machine.get("/studies", accept="application/json").content_type == "application/json"
    assert machine.client.get("/dicomweb/studies").status_code == 401
    uploader = bearer(machine.services, "upload")
    assert machine.client.get("/dicomweb/studies", headers=uploader).status_code == 403


def test_every_search_is_audited_without_personal_data(tmp_path: Path) -> None:
    machine = ReadingMachine(tmp_path)
    machine.hold(ct_file(StudyInstanceUID=A))
    machine.get("/studies", PatientID="P1")
    machine.get(f"/studies/{A}/instances")
    reads = machine.reads()
    machine.close()
    assert [subject for subject, _ in reads] == ["search:study", f"study:{A}"]
    assert reads[0][1] == {"what": "search", "keys": ["PatientID"], "count": 1, "studies": [A]}


def test_fuzzy_matching_is_said_not_to_happen(machine: ReadingMachine) -> None:
    assert "literal matching" in machine.get("/studies", fuzzymatching="true").headers["Warning"]


def test_control_characters_of_a_header_stop_no_later_search(tmp_path: Path) -> None:
    """A database may keep them in JSON and fail at every reading."""
    raw = "A\0B\x1f\u0085C"
    held = ReadingMachine(tmp_path)
    try:
        held.hold(
            ct_file(
                StudyInstanceUID=A,
                Modality=raw,
                PresentationLUTShape=raw,
                VOILUTFunction=raw,
                StudyDescription=raw,
                SeriesDescription=raw,
                ProtocolName=raw,
                PatientID=raw,
                AccessionNumber=raw,
                PatientName=raw,
            )
        )
        for path in ("/studies", "/series", "/instances", f"/studies/{A}/instances"):
            answer = held.get(path)
            assert answer.status_code == 200, path
            assert "\\u00" not in answer.get_data(as_text=True)
        [instance] = held.get("/instances", AccessionNumber="ABC").json
        assert tag(instance, ACCESSION) == "ABC"
        with held.services.db.read() as session:
            [image_header] = session.scalars(select(Instance.image_header))
        assert image_header["modality"] == "ABC"
        assert image_header["presentation_lut_shape"] == image_header["shared"]["voi_function"] == "ABC"
    finally:
        held.close()
