"""A wrong header is corrected at the modality and sent again under the same UIDs: a new version, judged anew."""

from __future__ import annotations

import copy
import io
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from imagecodecs import jpegls_encode, packbits_encode
from pydicom import Dataset, dcmread
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGLSLossless, RLELossless
from sqlalchemy import select

from app.bootstrap import Services
from app.models import AuditEvent, Exam, Study
from app.repos.ingest import studies as study_repo
from app.repos.ingest import versions
from app.services.ingest.incoming import (
    Conflicting,
    Duplicate,
    IncomingObject,
    Outcome,
    Refused,
    Stored,
    Superseding,
)
from app.services.ingest.plan import MOST_VERSIONS
from deploy.testbed.ct import ct_slice, part10
from tests.factories.access import application, let_in
from tests.factories.house import services
from tests.factories.rejection_notes import note
from tests.factories.taken_away import originals_in
from tests.factories.telling import exam_of, messages, order, register, report, sweep
from tests.shared_data import needs

TEMPORARY = {
    "PatientID": "TEMP1",
    "PatientName": "JIZHEN^WUMING",
    "PatientSex": "O",
    "PatientBirthDate": "19000101",
}
INCOMPLETE = {"PatientSex": "", "PatientBirthDate": ""}
RIGHT = {"PatientID": "P1", "PatientName": "Li^Na=李^娜", "PatientSex": "F", "PatientBirthDate": "19600102"}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Services]:
    built = services(tmp_path)
    register(built)
    yield built
    built.pictures.renderer.close()
    built.db.dispose()


@pytest.fixture
def app(house: Services) -> Flask:
    return application(house)


def slices(count: int = 1, **attributes: str) -> list[Dataset]:
    first = ct_slice(**attributes)
    shared = {"StudyInstanceUID": first.StudyInstanceUID, "SeriesInstanceUID": first.SeriesInstanceUID}
    return [first, *(ct_slice(**attributes | shared, InstanceNumber=number) for number in range(2, count + 1))]


def corrected(dataset: Dataset, **attributes: object) -> Dataset:
    changed = copy.deepcopy(dataset)
    for keyword, value in attributes.items():
        setattr(changed, keyword, value)
    return changed


def receive(house: Services, *objects: Dataset | bytes) -> list[Outcome]:
    files = [each if isinstance(each, bytes) else part10(each) for each in objects]
    return house.ingest.ingest.receive([IncomingObject(io.BytesIO(file)) for file in files], "stow", "machine:pacs")


def kinds(outcomes: list[Outcome]) -> list[type[Outcome]]:
    return [type(outcome) for outcome in outcomes]


def work_off(house: Services) -> None:
    for _ in range(3):
        sweep(house, seconds=120)
        while house.worker.run_job():
            pass
    sweep(house)


def study(house: Services, uid: str) -> Study:
    with house.db.read() as session:
        return study_repo.by_uid(session, {str(uid)})[str(uid)]


def shown(client: FlaskClient, exam: Exam) -> list[int]:
    """The frames of each series that the exam's patient sees."""
    answer = client.get(f"/exams/{exam.id.hex}/manifest.json")
    return [series["frames"] for series in answer.json["series"]] if answer.status_code == 200 else []


@pytest.mark.parametrize(
    "wrong",
    [TEMPORARY, INCOMPLETE, {"PatientID": "TEMP1"}, {"PatientName": "Li^Nei=李^内"}],
    ids=["all", "empty", "id", "name"],
)
def test_a_corrected_header_lifts_the_hold_and_shows_the_pictures(
    house: Services, app: Flask, wrong: dict[str, str]
) -> None:
    sent = slices(2, **wrong)
    assert kinds(receive(house, *sent)) == [Stored, Stored]
    work_off(house)
    exam = exam_of(house)
    client = let_in(app, house, exam.id)
    assert exam.held_reason == "contradicted"
    assert (shown(client, exam), messages(house)) == ([], [])
    assert kinds(receive(house, corrected(sent[0], **RIGHT))) == [Superseding]
    work_off(house)
    assert exam_of(house).held_at is not None, "one of two headers is still wrong"
    assert shown(client, exam) == []
    assert kinds(receive(house, corrected(sent[1], **RIGHT))) == [Superseding]
    work_off(house)
    assert exam_of(house).held_at is None
    assert shown(client, exam) == [2]
    assert len(messages(house)) == 1


def test_both_versions_are_kept_and_told_in_the_audit_log(house: Services, app: Flask) -> None:
    [first] = slices(**TEMPORARY)
    second = corrected(first, **RIGHT)
    receive(house, first)
    receive(house, second)
    with house.db.read() as session:
        [(earlier, key_id)] = versions.earlier(session)
        key = house.archive.data_keys.open(session, key_id)
    assert house.archive.objects.open(earlier.object_key, earlier.object_version, key) == part10(first)
    assert {result.fault for result in house.operations.archive_check.objects()} == {None}
    assert list(house.operations.archive_check.orphans()) == []
    work_off(house)
    exam = exam_of(house)
    with let_in(app, house, exam.id).get(f"/exams/{exam.id.hex}/dicom.zip") as answer:
        [newest] = originals_in(answer.data)
    assert newest == part10(second)
    with house.db.session() as session:
        assert house.audit.log.verify(session) == []
        told = [(event.action, event.detail.get("fields")) for event in audited(house)]
    fields = ["patient_id", "name", "sex", "birth_date"]
    assert ("instance.superseded", fields) in told
    assert ("study.corrected", fields) in told
    assert "TEMP1" not in str(told)


def audited(house: Services) -> list[AuditEvent]:
    with house.db.read() as session:
        return list(session.scalars(select(AuditEvent).order_by(AuditEvent.seq)))


def test_what_differs_without_other_pixels_is_a_version_and_other_pixels_are_a_conflict(house: Services) -> None:
    [first] = slices()
    receive(house, first)
    private = corrected(first)
    private.private_block(0x0009, "HOUSE", create=True).add_new(1, "LO", "routed")
    assert kinds(receive(house, private)) == [Superseding]
    assert kinds(receive(house, private)) == [Duplicate]
    pixels = bytearray(first.PixelData)
    pixels[7] ^= 1
    assert kinds(receive(house, corrected(private, PixelData=bytes(pixels)))) == [Conflicting]
    assert kinds(receive(house, corrected(private, PixelData=bytes(pixels), **TEMPORARY))) == [Conflicting]
    assert kinds(receive(house, corrected(private, Rows=4, Columns=16))) == [Conflicting]
    assert kinds(receive(house, corrected(private, PixelRepresentation=0))) == [Conflicting]
    assert kinds(receive(house, corrected(private, SeriesInstanceUID="1.2.3"))) == [Conflicting]
    assert order(house, first.StudyInstanceUID).match_state == "matched"


def packed(dataset: Dataset, syntax: str) -> bytes:
    """The same pixels without loss in another transfer syntax."""
    changed = copy.deepcopy(dataset)
    pixels = np.frombuffer(dataset.PixelData, np.uint16).reshape(dataset.Rows, dataset.Columns)
    frame = dicomrle_encode(pixels) if syntax == RLELossless else jpegls_encode(pixels)
    changed.PixelData = encapsulate([frame + bytes(len(frame) % 2)])
    changed["PixelData"].VR = "OB"
    return part10(changed, syntax)


def dicomrle_encode(pixels: np.ndarray) -> bytes:
    """PS3.5 G: a segment a byte of the pixels, most significant first."""
    segments = [packbits_encode(np.ascontiguousarray(pixels.view(np.uint8).reshape(-1, 2)[:, byte])) for byte in (1, 0)]
    segments = [segment + bytes(len(segment) % 2) for segment in segments]
    head = struct.pack("<16I", 2, 64, 64 + len(segments[0]), *(0 for _ in range(13)))
    return head + b"".join(segments)


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless])
def test_a_lossless_recompression_is_a_version(house: Services, syntax: str) -> None:
    [first] = slices()
    receive(house, first)
    assert kinds(receive(house, packed(first, syntax))) == [Superseding]
    other = corrected(first, PixelData=bytes(len(first.PixelData)))
    assert kinds(receive(house, packed(other, syntax))) == [Conflicting]


def test_a_corrected_accession_number_moves_the_pictures_to_their_exam(house: Services, app: Flask) -> None:
    register(house, "A2", patient_patient_id="P1")
    report(house)
    sent = slices(2)
    receive(house, *sent)
    work_off(house)
    first, second = exam_of(house), exam_of(house, "A2")
    clients = let_in(app, house, first.id), let_in(app, house, second.id)
    assert (shown(clients[0], first), shown(clients[1], second)) == ([2], [])
    receive(house, *(corrected(each, AccessionNumber="A2") for each in sent))
    work_off(house)
    assert (shown(clients[0], first), shown(clients[1], second)) == ([], [2])
    held = exam_of(house)
    assert held.held_reason == "pictures_of_another", "the report may have been written from the other order's pictures"


@pytest.mark.parametrize("empty", ["", "WRONG"])
def test_an_accession_number_that_was_empty_or_of_no_exam_is_corrected(house: Services, app: Flask, empty: str) -> None:
    [sent] = slices(AccessionNumber=empty)
    receive(house, sent)
    assert order(house, sent.StudyInstanceUID).match_state == "unmatched"
    receive(house, corrected(sent, AccessionNumber="A1"))
    work_off(house)
    exam = exam_of(house)
    assert shown(let_in(app, house, exam.id), exam) == [1]


def test_a_header_that_is_wrong_after_it_was_right_hides_the_pictures_again(house: Services, app: Flask) -> None:
    sent = slices(2)
    receive(house, *sent)
    work_off(house)
    exam = exam_of(house)
    client = let_in(app, house, exam.id)
    assert shown(client, exam) == [2]
    receive(house, corrected(sent[1], **TEMPORARY))
    assert shown(client, exam) == []
    assert order(house, sent[0].StudyInstanceUID).match_reason == "partly_corrected"
    receive(house, sent[1])
    work_off(house)
    assert shown(client, exam) == [2], "the correction was taken back"


def test_a_study_that_staff_parted_comes_back_when_it_was_corrected(house: Services, app: Flask) -> None:
    [sent] = slices(**TEMPORARY)
    receive(house, sent)
    exam = exam_of(house)
    house.release.holds.release_hold(exam.id, "looked", "staff:a")
    private = corrected(sent, StationName="CT2")
    receive(house, private)
    work_off(house)
    client = let_in(app, house, exam.id)
    assert shown(client, exam) == [], "it still names another patient"
    receive(house, corrected(private, **RIGHT))
    work_off(house)
    assert shown(client, exam) == [1]


def test_a_strangers_object_under_a_study_is_settled_by_correcting_the_whole_study(house: Services, app: Flask) -> None:
    """An emergency: the first pictures go out under a temporary name, the rest under the right one."""
    sent = slices(3, **TEMPORARY)
    late = corrected(sent[2], **RIGHT)
    assert kinds(receive(house, sent[0], sent[1], late)) == [Stored, Stored, Refused]
    again = [corrected(each, **RIGHT) for each in sent]
    assert kinds(receive(house, *again)) == [Superseding, Superseding, Stored]
    work_off(house)
    exam = exam_of(house)
    assert shown(let_in(app, house, exam.id), exam) == [3]


@pytest.mark.parametrize("same_study", [True, False])
@pytest.mark.parametrize("copies_first", [True, False])
def test_a_rejection_note_and_corrected_copies_lift_the_hold(
    house: Services, app: Flask, same_study: bool, copies_first: bool
) -> None:
    report(house)
    wrong = slices(2, **TEMPORARY)
    receive(house, *wrong)
    exam = exam_of(house)
    client = let_in(app, house, exam.id)
    assert exam.held_at is not None
    uids = {"StudyInstanceUID": wrong[0].StudyInstanceUID} if same_study else {}
    copies = slices(2, **RIGHT, **uids)
    rejection = corrected(note(wrong, title="113039"), **TEMPORARY)
    if copies_first and not same_study:
        receive(house, *copies)
        assert exam_of(house).held_at is not None
        receive(house, rejection)
    else:
        receive(house, rejection)
        assert exam_of(house).held_at is not None, "nobody knows yet whose the report is"
        assert shown(client, exam) == []
        assert kinds(receive(house, *copies)) == [Stored, Stored]
    work_off(house)
    assert exam_of(house).held_at is None
    assert shown(client, exam) == [2]


def test_two_senders_that_take_turns_fill_no_disk(house: Services) -> None:
    [one] = slices()
    other = corrected(one, StationName="CT2")
    receive(house, one)
    outcomes = [kinds(receive(house, each))[0] for _ in range(MOST_VERSIONS) for each in (other, one)]
    assert outcomes.count(Superseding) == MOST_VERSIONS - 1
    assert outcomes[-1] is Conflicting or outcomes[-1] is Duplicate


def test_a_report_without_pixels_is_a_version_when_it_says_the_same(house: Services) -> None:
    text = Dataset()
    text.ValueType, text.TextValue = "TEXT", "normal"
    sr = ct_slice(
        SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11",
        Modality="SR",
        PixelData=None,
        Rows=None,
        Columns=None,
        ContentSequence=[text],
        **TEMPORARY,
    )
    assert kinds(receive(house, sr)) == [Stored]
    assert kinds(receive(house, corrected(sr, **RIGHT))) == [Superseding]
    other = copy.deepcopy(corrected(sr, **RIGHT))
    other.ContentSequence[0].TextValue = "not normal"
    assert kinds(receive(house, other)) == [Conflicting]


def test_the_collected_case_is_held_and_then_shown(house: Services, app: Flask) -> None:
    folder = needs("cases-a") / "corrected-resend"
    who = {"patient_name": "李测", "patient_sex": "F", "patient_birth_date": "1970-01-02"}
    first, second, third = (
        (folder / f"{name}.dcm").read_bytes()
        for name in ("1_first_sent", "2_corrected_same_uids", "3_first_sent_without_sex")
    )
    register(house, "CASE007", patient_patient_id=str(dcmread(io.BytesIO(second)).PatientID), **who)
    register(house, "CASE025", patient_patient_id="CASEP025", **who)
    assert kinds(receive(house, first, third)) == [Stored, Stored]
    assert exam_of(house, "CASE007").held_at is not None
    assert exam_of(house, "CASE025").held_at is not None
    assert kinds(receive(house, second)) == [Superseding]
    filled = corrected(dcmread(io.BytesIO(third)), PatientSex="F", PatientBirthDate="19700102")
    assert kinds(receive(house, filled)) == [Superseding]
    work_off(house)
    for accession in ("CASE007", "CASE025"):
        exam = exam_of(house, accession)
        assert shown(let_in(app, house, exam.id), exam) == [1]
