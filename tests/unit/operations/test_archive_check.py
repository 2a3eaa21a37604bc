"""verify-archive's service: each kind of damage is found and named, and nothing else is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from app.bootstrap import Services
from app.models import Study
from app.services.operations import archive_check
from deploy.testbed.ct import ct_series
from tests.factories.house import services
from tests.factories.ingest_rig import NOON, IngestRig
from tests.factories.telling import receive_study


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
    assert (rig.faults(), list(rig.check.orphans())) == ([], [])


def test_rows_come_page_by_page_and_each_object_is_read_once(rig: IngestRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_check, "PAGE", 2)
    rig.receive(*ct_series(3), b"more junk", b"still more")
    read = [result.object_key for result in rig.check.objects()]
    assert len(read) == len(set(read)) == 3 + 3 + 3
    assert rig.faults() == []


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
    assert list(rig.check.orphans()) == [stray]
    assert rig.faults() == []


def test_what_a_crash_left_of_a_write_is_removed_when_no_write_can_be_behind_it(rig: IngestRig, tmp_path: Path) -> None:
    folder = object_path(tmp_path, rig.instances()[0].object_key).parent
    for name, hours in (("aa.01.part", 25), ("bb.02.part", 23)):
        (folder / name).write_bytes(b"torn")
        written_at = (NOON - timedelta(hours=hours)).timestamp()
        os.utime(folder / name, (written_at, written_at))
    assert rig.check.remove_leftovers() == 1
    assert [path.name for path in folder.glob("*.part")] == ["bb.02.part"]
    assert (rig.faults(), list(rig.check.orphans())) == ([], [])


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Services]:
    built = services(tmp_path)
    for _ in range(2):
        built.pictures.completion.complete_now(receive_study(built, slices=3))
        built.worker.run_job()
    yield built
    built.pictures.renderer.close()
    built.db.dispose()


def packs_of(house: Services) -> list[Path]:
    return sorted(path for path in (house.settings.var_dir / "objects" / "renditions").rglob("*") if path.is_file())


def faults_of(house: Services) -> list[str]:
    return [result.fault for result in house.operations.archive_check.objects() if result.fault]


def test_damaged_swapped_and_missing_prepared_pictures_are_found(house: Services) -> None:
    first, second, third, fourth, *_ = packs_of(house)
    assert faults_of(house) == []
    one, other = first.read_bytes(), second.read_bytes()
    first.write_bytes(other)
    second.write_bytes(one)
    assert faults_of(house) == ["altered, cut or moved"] * 2
    first.write_bytes(one)
    second.write_bytes(other[:-1])
    third.unlink()
    flipped = bytearray(fourth.read_bytes())
    flipped[60] ^= 0xFF
    fourth.write_bytes(flipped)
    assert sorted(faults_of(house)) == ["altered, cut or moved", "altered, cut or moved", "missing"]


def test_pictures_that_are_prepared_anew_while_all_is_read_are_no_fault(house: Services) -> None:
    checks = house.operations.archive_check.objects()
    first = next(checks)
    with house.db.read() as session:
        uids = list(session.scalars(select(Study.study_instance_uid)))
    for uid in uids:
        house.pictures.completion.complete_now(receive_study(house, StudyInstanceUID=uid))
        house.worker.run_job()
    assert [check.fault for check in (first, *checks) if check.fault] == []
    assert faults_of(house) == []
