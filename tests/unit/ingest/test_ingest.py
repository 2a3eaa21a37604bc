"""The ingest service: what is stored, recognised, refused and audited."""

from __future__ import annotations

import io
from pathlib import Path

from pydicom.uid import BasicTextSRStorage, generate_uid

from app.dicom.part10 import HeaderLimits
from app.errors import RefusedObject
from app.identity.sealed import open_identity
from app.services.ingest.incoming import Conflicting, Duplicate, IncomingObject, Refused, Stored
from deploy.testbed.ct import ct_file, ct_series, ct_slice, part10
from tests.factories.headers_here import HeadersHere
from tests.factories.ingest_rig import NOON, IngestRig, audit_events


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
    rig.receive(ct_file(StudyInstanceUID="1.2", StudyDescription="Chest"))
    study = rig.study("1.2")
    identity = open_identity(rig.fields, study)
    assert identity.names == ("Li^Na", "李^娜")
    assert (identity.patient_id, identity.sex, identity.birth_date) == ("P1", "F", "19600102")
    assert study.patient_id_hash == rig.blind.of("patient.patient_id", "P1")
    assert study.attributes == {"StudyDate": "20260101", "StudyTime": "080000", "StudyDescription": "Chest"}
    assert (study.accession_number, rig.order("1.2").match_state, study.state, study.revision) == (
        "A1",
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
    report = ct_slice(SOPClassUID=BasicTextSRStorage, Modality="SR", PixelData=None, Rows=None, Columns=None)
    assert isinstance(rig.receive(part10(report))[0], Stored)
    assert rig.instances()[0].pixel_offset is None


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


def test_limits_and_uids_are_checked_with_their_failure_reasons(tmp_path: Path) -> None:
    rig = IngestRig(tmp_path, reader=HeadersHere(HeaderLimits(file_bytes=5000)))
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
        "instances.stored",
        "instances.stored",
        "instance.quarantined",
        "study.unmatched",
        "study.unmatched",
    ]
