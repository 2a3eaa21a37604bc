"""A stored object that was damaged is repaired by sending it again, and by nothing else."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest

from app.services.ingest.incoming import Conflicting, Duplicate
from deploy.testbed.ct import ct_file, ct_series
from tests.factories.ingest_rig import IngestRig, audit_events


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
