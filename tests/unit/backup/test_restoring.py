"""A restore brings everything back, only into an empty installation, and only what this hospital backed up."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from app.archive.local_store import LocalStore
from app.bootstrap import Services
from app.database import schema
from app.errors import BackupFailed, StoreUnavailable
from app.repos.audit import log
from app.services.backup import copying
from tests.factories.backups import backed_up, empty_house, faults, named_objects, prepared_study, restored, unseen
from tests.factories.house import services


@pytest.fixture
def other(house: Services, tmp_path: Path) -> Services:
    return empty_house(tmp_path / "other", house)


def test_everything_is_there_again_in_another_place(house: Services, other: Services, folder: Path) -> None:
    made = backed_up(house, folder)
    assert restored(other, folder).faults == ()
    assert faults(other) == []
    assert named_objects(other) == named_objects(house)
    assert made.missing == ()


def test_an_earlier_backup_can_be_chosen(house: Services, other: Services, folder: Path) -> None:
    before = named_objects(house)
    first = backed_up(house, folder)
    prepared_study(house)
    backed_up(house, folder)
    assert restored(other, folder, time=first.time).time == first.time
    assert named_objects(other) == before


def test_an_installation_that_was_used_is_overwritten_only_when_told(
    house: Services, other: Services, folder: Path
) -> None:
    backed_up(house, folder)
    prepared_study(other)
    with pytest.raises(BackupFailed, match="--replace"):
        restored(other, folder)
    assert len(named_objects(other)) == 3
    assert restored(other, folder, replace=True).faults == ()
    assert named_objects(other) == named_objects(house)
    assert [each for each in faults(other) if "anchored" in each], "the anchors know the former log"
    other.audit.anchoring.begin_anew()
    orphans = list(other.operations.archive_check.orphans())
    assert (faults(other), len(orphans)) == (orphans, 3)  # what the former rows named: nothing is deleted


def test_objects_of_others_count_as_used(house: Services, other: Services, folder: Path) -> None:
    backed_up(house, folder)
    other.archive.objects.store.put("studies/ab/" + "0" * 32, [b"x"])
    with pytest.raises(BackupFailed, match="not empty"):
        restored(other, folder)


class BrokenOff(LocalStore):
    """Fails after so many batches."""

    def __init__(self, root: Path, batches: int) -> None:
        super().__init__(root)
        self.batches = batches

    def put_many(self, items: Iterable[tuple[str, Iterable[bytes]]]) -> list[int]:
        self.batches -= 1
        if self.batches < 0:
            raise StoreUnavailable("the local store failed")
        return super().put_many(items)


def test_a_restore_that_was_broken_off_is_run_again_and_copies_only_what_is_left(
    house: Services, other: Services, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = backed_up(house, folder)
    monkeypatch.setattr(copying, "BATCH_OBJECTS", 1)
    root = other.settings.var_dir / "objects"
    with pytest.raises(StoreUnavailable):
        replace(other.backup.restoring, store=BrokenOff(root, 2)).restore(folder, unseen)
    counted = BrokenOff(root, 1000)
    assert replace(other.backup.restoring, store=counted).restore(folder, unseen).faults == ()
    assert 1000 - counted.batches == made.objects - 2
    assert faults(other) == []


def test_an_object_that_is_already_there_and_damaged_is_brought_again(
    house: Services, other: Services, folder: Path
) -> None:
    backed_up(house, folder)
    key = sorted(named_objects(house))[0]
    other.archive.objects.store.put(key, [b"x" * house.archive.objects.store.size(key)])
    assert restored(other, folder).faults == ()
    assert faults(other) == []


def test_a_damaged_or_missing_copy_is_named_and_the_rest_comes_back(
    house: Services, other: Services, folder: Path
) -> None:
    backed_up(house, folder)
    gone, damaged, *_ = sorted(named_objects(house))
    (folder / "objects" / gone).unlink()
    (folder / "objects" / damaged).write_bytes(b"x")
    assert set(restored(other, folder).faults) == {f"{gone}: missing in the backup", f"{damaged}: not what was copied"}
    assert set(faults(other)) == {f"{gone}: missing", f"{damaged}: altered, cut or moved"}


def test_another_key_file_opens_no_backup(house: Services, folder: Path, tmp_path: Path) -> None:
    backed_up(house, folder)
    with pytest.raises(BackupFailed, match="another key file"):
        restored(services(tmp_path / "stranger"), folder)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda content: content | {"objects": 0}, "its manifest was changed"),
        (lambda content: content | {"files": {}}, "its manifest was changed"),
        (lambda content: {"mac": content["mac"]}, "cannot be read"),
        (lambda content: content | {"format": 99}, "another format"),
    ],
)
def test_a_manifest_that_was_changed_is_refused(
    house: Services, other: Services, folder: Path, change: object, told: str
) -> None:
    made = backed_up(house, folder)
    path = folder / "backups" / made.time / "manifest.json"
    path.write_text(json.dumps(change(json.loads(path.read_text()))))  # type: ignore[operator]
    with pytest.raises(BackupFailed, match=told):
        restored(other, folder)
    assert named_objects(other) == set()


def test_rows_that_were_changed_in_the_backup_are_refused(house: Services, other: Services, folder: Path) -> None:
    made = backed_up(house, folder)
    path = max((folder / "backups" / made.time / "database").iterdir(), key=lambda each: each.stat().st_size)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(BackupFailed, match="1 files of this backup are damaged"):
        restored(other, folder)
    assert named_objects(other) == set()


def test_a_backup_of_a_newer_release_is_refused(
    house: Services, other: Services, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backed_up(house, folder)
    monkeypatch.setattr(schema, "knows", lambda revision: False)
    with pytest.raises(BackupFailed, match="newer release"):
        restored(other, folder)


def test_a_backup_of_the_other_database_is_refused(house: Services, other: Services, folder: Path) -> None:
    backed_up(house, folder)
    manifest = house.backup.making.folder(folder).manifest
    time = house.backup.making.folder(folder).times()[0]
    moved = replace(manifest(time), database="oracle")
    with pytest.raises(BackupFailed, match="is of oracle"):
        other.backup.restoring._require_usable(moved, folder)


def test_no_backup_and_an_unknown_name_are_told(house: Services, other: Services, folder: Path) -> None:
    with pytest.raises(BackupFailed, match="no finished backup"):
        restored(other, folder)
    backed_up(house, folder)
    with pytest.raises(BackupFailed, match="no such backup"):
        restored(other, folder, time="20200101T000000Z")


def test_a_restore_is_told_in_the_audit_log(house: Services, other: Services, folder: Path) -> None:
    made = backed_up(house, folder)
    restored(other, folder)
    with other.db.read() as session:
        last = list(log.in_order(session))[-1]
    assert (last.action, last.detail) == ("backup.restored", {"time": made.time, "faults": 0})
