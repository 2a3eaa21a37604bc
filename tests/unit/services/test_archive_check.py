"""verify-archive's service: each kind of damage is found and named, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.factories.dicom_objects import ct_series
from tests.factories.ingest_rig import IngestRig


@pytest.fixture
def rig(tmp_path: Path) -> IngestRig:
    rig = IngestRig(tmp_path)
    rig.receive(*ct_series(3), b"junk")
    return rig


def object_path(tmp_path: Path, object_key: str) -> Path:
    return tmp_path / "objects" / object_key


def test_a_sound_archive_has_no_faults(rig: IngestRig) -> None:
    results = list(rig.check.objects())
    assert len(results) == 4
    assert (rig.faults(), rig.check.orphans()) == ([], [])


def test_damage_is_found_object_by_object(rig: IngestRig, tmp_path: Path) -> None:
    first, second, _ = rig.instances()
    (item,) = rig.quarantined()
    object_path(tmp_path, first.object_key).unlink()
    path = object_path(tmp_path, second.object_key)
    altered = bytearray(path.read_bytes())
    altered[len(altered) // 2] ^= 1
    path.write_bytes(altered)
    object_path(tmp_path, item.object_key).write_bytes(b"")
    found = {result.object_key: result.fault for result in rig.check.objects() if result.fault}
    assert found == {
        first.object_key: "missing",
        second.object_key: "altered, cut or moved",
        item.object_key: "altered, cut or moved",
    }


def test_a_row_that_tells_another_hash_is_a_fault(rig: IngestRig) -> None:
    with rig.db.session() as session:
        session.merge(rig.instances()[0]).sha256 = bytes(32)
    assert rig.faults() == ["not what was received"]


def test_objects_without_a_row_are_listed_and_are_no_fault(rig: IngestRig) -> None:
    stray = "studies/aa/aa11/bb22"
    rig.store.put(stray, [b"left by a crash"])
    assert rig.check.orphans() == [stray]
    assert rig.faults() == []
