"""The ingest service: what is stored, recognised, refused and audited, and in what order it becomes durable."""

from __future__ import annotations

import errno
import io
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import BasicTextSRStorage, generate_uid
from sqlalchemy import event
from sqlalchemy.orm import Session

from app.errors import RefusedObject, StoreFull
from app.models import AuditEvent, Study
from app.repos import audit as audit_rows
from app.services.header_checks import HeaderLimits
from app.services.incoming import Conflicting, Duplicate, IncomingObject, Refused, Stored
from app.services.matching import open_identity
from tests.factories.dicom_objects import ct_dataset, ct_file, ct_series, part10
from tests.factories.durable_steps import in_order
from tests.factories.ingest_rig import NOON, IngestRig


@pytest.fixture
def rig(tmp_path: Path) -> IngestRig:
    return IngestRig(tmp_path)


def audit_events(rig: IngestRig) -> list[AuditEvent]:
    with rig.db.read() as session:
        return list(audit_rows.in_order(session))


def test_a_new_object_is_kept_byte_for_byte_with_its_index_row(rig: IngestRig) -> None:
    data = ct_file(SOPInstanceUID="1.2.3", StudyInstanceUID="1.2")
    (outcome,) = rig.receive(data)
    assert isinstance(outcome, Stored)
    assert (outcome.sop_instance_uid, outcome.study_instance_uid, outcome.name) == ("1.2.3", "1.2", "file 0")
    (row,) = rig.instances()
    assert rig.bytes_of(row) == data
    assert row.size == len(data)
    assert row.pixel_offset is not None
    assert data[row.pixel_offset : row.pixel_offset + 4] == b"\xe0\x7f\x10\x00"
    assert (row.instance_number, row.received_at) == (1, NOON)


def test_a_study_row_holds_its_patient_sealed_and_its_attributes_plain(rig: IngestRig) -> None:
    rig.receive(ct_file(StudyInstanceUID="1.2"))
    study = rig.study("1.2")
    identity = open_identity(rig.fields, study.identity_sealed)
    assert identity.names == ("Wang^Xiaodong", "王^小东")
    assert (identity.patient_id, identity.sex, identity.birth_date) == ("P1", "M", "19700102")
    assert study.patient_id_hash == rig.blind.of("patient.patient_id", "P1")
    assert study.attributes == {"StudyDate": "20260105", "StudyDescription": "Chest"}
    assert (study.accession_number, study.match_state, study.state, study.revision) == (
        "A1001",
        "unmatched",
        "receiving",
        1,
    )


def test_no_name_reaches_database_or_store_in_the_clear(rig: IngestRig, tmp_path: Path) -> None:
    rig.receive(
        ct_file(PatientName="ZHANGSAN^TEST"),
        ct_file(PatientName="ZHANGSAN^TEST", StudyInstanceUID="x"),
        b"ZHANGSAN^TEST",
    )
    rig.db.dispose()
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or b"ZHANGSAN" not in path.read_bytes(), path


def test_bytes_are_durable_before_the_commit_and_the_answer_comes_last(tmp_path: Path) -> None:
    steps: list[str] = []
    rig = IngestRig(tmp_path, trace=steps.append)
    rig.receive(ct_file(StudyInstanceUID="1.2"))
    steps.clear()
    event.listen(rig.db.engine, "commit", lambda connection: steps.append("commit"))
    rig.receive(*ct_series(3, StudyInstanceUID="1.2"))
    steps.append("answer")
    assert in_order(steps) == ["write", "fsync-file", "rename", "fsync-folder", "commit", "answer"]
    assert steps.count("fsync-file") == steps.count("rename") == 3


def test_the_same_object_again_is_a_duplicate_and_changes_nothing(rig: IngestRig) -> None:
    data = ct_file(StudyInstanceUID="1.2")
    rig.receive(data)
    events = len(audit_events(rig))
    rig.clock.advance(60)
    assert [type(outcome) for outcome in rig.receive(data, data)] == [Duplicate, Duplicate]
    assert len(rig.instances()) == 1
    assert rig.study("1.2").last_instance_at == NOON
    assert len(audit_events(rig)) == events
    assert len(list(rig.store.list(""))) == 1


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(path.read_bytes()[:-1])])
def test_a_damaged_object_is_repaired_by_sending_it_again(
    rig: IngestRig, tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    files = ct_series(3)
    rig.receive(*files)
    damaged = {row.sop_instance_uid: row for row in rig.instances()}[uid_of(files[1])]
    damage(tmp_path / "objects" / damaged.object_key)
    assert len(rig.faults()) == 1
    assert [type(outcome) for outcome in rig.receive(*files)] == [Duplicate] * 3
    assert rig.faults() == []
    assert rig.bytes_of(damaged) == files[1]
    last = audit_events(rig)[-1]
    assert (last.action, last.subject) == ("instance.repaired", f"instance:{uid_of(files[1])}")
    events = len(audit_events(rig))
    rig.receive(*files)
    assert len(audit_events(rig)) == events


def test_other_bytes_of_a_damaged_object_are_kept_in_quarantine(rig: IngestRig, tmp_path: Path) -> None:
    uids = {"SOPInstanceUID": "1.2.3", "StudyInstanceUID": "1.2", "SeriesInstanceUID": "1.2.1"}
    rig.receive(ct_file(**uids))
    (row,) = rig.instances()
    (tmp_path / "objects" / row.object_key).unlink()
    written_anew = ct_file(**uids, DataSetTrailingPadding=b"\x00\x00")
    (outcome,) = rig.receive(written_anew)
    assert isinstance(outcome, Conflicting)
    assert rig.bytes_of(rig.quarantined()[0]) == written_anew


def uid_of(file: bytes) -> str:
    return str(pydicom.dcmread(io.BytesIO(file)).SOPInstanceUID)


def test_the_same_object_twice_in_one_batch_is_stored_once(rig: IngestRig) -> None:
    data = ct_file()
    assert [type(outcome) for outcome in rig.receive(data, data)] == [Stored, Duplicate]


def test_the_same_uid_with_other_content_is_kept_apart_and_audited(rig: IngestRig) -> None:
    uids = {"SOPInstanceUID": "1.2.3", "StudyInstanceUID": "1.2", "SeriesInstanceUID": "1.2.1"}
    first, second = ct_file(**uids), ct_file(**uids, PixelData=bytes(128))
    rig.receive(first)
    (outcome,) = rig.receive(second, door="stow")
    assert isinstance(outcome, Conflicting)
    assert outcome.dicom_code == 0x0110
    (row,), (item,) = rig.instances(), rig.quarantined()
    assert rig.bytes_of(row) == first
    assert rig.bytes_of(item) == second
    assert (item.sop_instance_uid, item.door, item.reason) == ("1.2.3", "stow", outcome.reason)
    last = audit_events(rig)[-1]
    assert (last.action, last.subject, last.actor) == ("instance.quarantined", f"quarantine:{item.id}", "test")


def test_a_refused_object_sent_for_days_is_kept_once(rig: IngestRig) -> None:
    for _ in range(3):
        assert all(isinstance(outcome, Refused) for outcome in rig.receive(b"junk", b"junk"))
    (item,) = rig.quarantined()
    assert rig.bytes_of(item) == b"junk"


def test_a_late_instance_opens_a_finished_study_again(rig: IngestRig) -> None:
    early, late, later = ct_series(3, StudyInstanceUID="1.2")
    rig.receive(early)
    with rig.db.session() as session:
        session.merge(rig.study("1.2")).state = "prepared"
    rig.clock.advance(3600)
    rig.receive(late)
    study = rig.study("1.2")
    assert (study.state, study.revision) == ("receiving", 2)
    assert study.last_instance_at == rig.clock.now()
    rig.receive(later)
    assert rig.study("1.2").revision == 2


def test_objects_without_pixels_are_stored_too(rig: IngestRig) -> None:
    report = ct_dataset(SOPClassUID=BasicTextSRStorage, Modality="SR", PixelData=None, Rows=None, Columns=None)
    assert isinstance(rig.receive(part10(report))[0], Stored)
    assert rig.instances()[0].pixel_offset is None


@pytest.mark.parametrize(
    "difference",
    [{"PatientID": "P2"}, {"PatientBirthDate": "19800102"}, {"PatientSex": "F"}, {"PatientName": "Li^Na=李^娜"}],
    ids=str,
)
def test_an_object_of_another_patient_gets_into_no_study_and_a_human_must_look(
    rig: IngestRig, difference: dict[str, str]
) -> None:
    rig.receive(ct_file(StudyInstanceUID="1.2"))
    stranger = ct_file(StudyInstanceUID="1.2", **difference)
    (outcome,) = rig.receive(stranger)
    assert isinstance(outcome, Refused)
    assert len(rig.instances()) == len(rig.quarantined()) == 1
    assert rig.study("1.2").match_state == "detached"
    # A human settled it; the same stranger sent once more does not undo that.
    with rig.db.session() as session:
        session.merge(rig.study("1.2")).match_state = "unmatched"
    rig.receive(stranger)
    assert rig.study("1.2").match_state == "unmatched"


@pytest.mark.parametrize("name", ["WANG XIAODONG", "王^小东", "Wang^Xiaodong=", ""])
def test_the_same_patient_in_another_script_is_no_stranger(rig: IngestRig, name: str) -> None:
    rig.receive(ct_file(StudyInstanceUID="1.2"))
    assert isinstance(rig.receive(ct_file(StudyInstanceUID="1.2", PatientName=name))[0], Stored)
    assert rig.study("1.2").match_state == "unmatched"


def test_an_object_of_another_patient_in_the_same_batch_is_kept_out_too(rig: IngestRig) -> None:
    outcomes = rig.receive(ct_file(StudyInstanceUID="1.2"), ct_file(StudyInstanceUID="1.2", PatientID="P2"))
    assert [type(outcome) for outcome in outcomes] == [Stored, Refused]
    assert rig.study("1.2").match_state == "detached"


def test_missing_identity_in_an_object_is_no_contradiction(rig: IngestRig) -> None:
    rig.receive(ct_file(StudyInstanceUID="1.2"))
    (outcome,) = rig.receive(ct_file(StudyInstanceUID="1.2", PatientID="", PatientSex=None, PatientBirthDate=""))
    assert isinstance(outcome, Stored)


def test_a_series_stays_in_one_study(rig: IngestRig) -> None:
    rig.receive(ct_file(StudyInstanceUID="1.2", SeriesInstanceUID="1.5"))
    outcomes = rig.receive(
        ct_file(StudyInstanceUID="1.3", SeriesInstanceUID="1.5"),
        ct_file(StudyInstanceUID="1.6", SeriesInstanceUID="1.7"),
        ct_file(StudyInstanceUID="1.8", SeriesInstanceUID="1.7"),
    )
    assert [type(outcome) for outcome in outcomes] == [Refused, Stored, Refused]


def test_a_door_may_send_an_object_straight_to_quarantine(rig: IngestRig) -> None:
    fault = RefusedObject("unsafe name", 0xC000)
    (outcome,) = rig.ingest.receive([IncomingObject(io.BytesIO(b"abc"), "../x", fault)], door="cli", actor="test")
    assert isinstance(outcome, Refused)
    assert (outcome.reason, rig.bytes_of(rig.quarantined()[0])) == ("unsafe name", b"abc")


def test_more_objects_than_one_batch_keep_their_order(rig: IngestRig) -> None:
    files = ct_series(150)
    files[70] = b"junk"
    outcomes = rig.receive(*files)
    assert [outcome.name for outcome in outcomes] == [f"file {number}" for number in range(150)]
    assert [number for number, outcome in enumerate(outcomes) if isinstance(outcome, Refused)] == [70]
    assert len(rig.instances()) == 149
    assert rig.faults() == []


def test_a_full_disk_acknowledges_nothing_and_leaves_no_row(rig: IngestRig, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing_write(descriptor: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    data = ct_file()
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", failing_write)
        with pytest.raises(StoreFull):
            rig.receive(data)
    assert rig.instances() == []
    assert isinstance(rig.receive(data)[0], Stored)


def test_a_failing_commit_acknowledges_nothing_and_sending_again_completes(tmp_path: Path) -> None:
    broken = True

    def hook(session: Session, study: Study) -> None:
        if broken:
            raise ConnectionError("database gone")

    rig, data = IngestRig(tmp_path, study_changed=hook), ct_file()
    with pytest.raises(ConnectionError):
        rig.receive(data)
    assert rig.instances() == []
    assert len(rig.check.orphans()) == 1
    broken = False
    assert isinstance(rig.receive(data)[0], Stored)
    assert rig.faults() == []


def test_the_hook_hears_of_each_changed_study_once_inside_the_transaction(tmp_path: Path) -> None:
    heard: list[str] = []
    rig = IngestRig(tmp_path, study_changed=lambda session, study: heard.append(study.study_instance_uid))
    rig.receive(*ct_series(5, StudyInstanceUID="1.2"), ct_file(StudyInstanceUID="1.3"), b"junk")
    assert sorted(heard) == ["1.2", "1.3"]


def test_two_senders_of_the_same_study_at_once_lose_and_double_nothing(rig: IngestRig) -> None:
    files = ct_series(40)
    results: list[list[type]] = [[], []]
    barrier = threading.Barrier(2)

    def send(number: int) -> None:
        barrier.wait()
        for start in range(0, 40, 8):
            results[number] += [type(outcome) for outcome in rig.receive(*files[start : start + 8])]

    threads = [threading.Thread(target=send, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for first, second in zip(*results, strict=True):
        assert {first, second} == {Stored, Duplicate}
    assert len(rig.instances()) == 40
    assert (rig.faults(), rig.check.orphans(), rig.quarantined()) == ([], [], [])


def test_two_senders_of_one_uid_with_different_content_store_one_and_quarantine_one(rig: IngestRig) -> None:
    uids = {"SOPInstanceUID": "1.2.3", "StudyInstanceUID": "1.2", "SeriesInstanceUID": "1.2.1"}
    results: list[type] = []
    barrier = threading.Barrier(2)

    def send(data: bytes) -> None:
        barrier.wait()
        results.extend(type(outcome) for outcome in rig.receive(data))

    files = [ct_file(**uids, PixelData=bytes([number]) * 128) for number in range(2)]
    threads = [threading.Thread(target=send, args=(data,)) for data in files]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(results) == {Stored, Conflicting}
    assert sorted([rig.bytes_of(rig.instances()[0]), rig.bytes_of(rig.quarantined()[0])]) == sorted(files)


def test_limits_and_uids_are_checked_with_their_failure_reasons(tmp_path: Path) -> None:
    rig = IngestRig(tmp_path, limits=HeaderLimits(file_bytes=5000))
    outcomes = rig.receive(
        ct_file(PixelData=bytes(6000)),
        ct_file(Rows=50000, Columns=50000),
        ct_file(StudyInstanceUID=""),
        ct_file(SOPInstanceUID="1.2.a"),
        ct_file(AccessionNumber="A" * 65),
    )
    assert [getattr(outcome, "dicom_code", 0) for outcome in outcomes] == [0xA700, 0xA700, 0xA900, 0xA900, 0xA900]
    assert all("A" * 65 not in item.reason for item in rig.quarantined())


def test_the_audit_chain_stays_whole(rig: IngestRig) -> None:
    rig.receive(*ct_series(3), b"junk", ct_file(StudyInstanceUID=generate_uid()))
    with rig.db.session() as session:
        assert rig.audit.verify(session) == []
    assert [row.action for row in audit_events(rig)] == [
        "instances.stored", "instances.stored", "instance.quarantined", "study.unmatched", "study.unmatched",
    ]  # fmt: skip
