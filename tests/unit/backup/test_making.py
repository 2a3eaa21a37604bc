"""A backup holds everything that its database names, copies each object once, and never harms an earlier one."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from app.archive.local_store import LocalStore
from app.bootstrap import Services
from app.errors import BackupFailed, StoreFull
from app.repos.ingest import studies
from app.services.backup import copying, making
from app.services.backup.folder import BackupFolder
from app.services.backup.making import Backups
from app.services.backup.manifest import Manifest
from app.services.ingest.incoming import IncomingObject
from deploy.testbed.ct import ct_slice, part10
from tests.factories.backups import (
    backed_up,
    empty_house,
    faults,
    named_objects,
    prepare,
    prepared_study,
    restored,
    unseen,
)
from tests.factories.house import clock_of
from tests.factories.telling import receive_study


def copies(folder: Path) -> set[str]:
    """The objects in a folder of backups."""
    root = folder / "objects"
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def test_a_backup_holds_every_object_that_rows_name(house: Services, folder: Path) -> None:
    made = backed_up(house, folder)
    assert copies(folder) == named_objects(house)
    assert (made.objects, made.copied, made.missing) == (len(copies(folder)), len(copies(folder)), ())
    assert list(house.backup.making.check(folder, unseen)) == []


def test_the_next_backup_copies_new_objects_only(house: Services, folder: Path) -> None:
    first = backed_up(house, folder)
    assert backed_up(house, folder).copied == 0
    before = copies(folder)
    prepared_study(house)
    last = backed_up(house, folder)
    assert last.copied == last.objects - first.objects == len(copies(folder) - before) == 3


def test_pictures_that_are_replaced_while_it_copies_lead_to_a_later_moment(
    house: Services, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uid = prepared_study(house)
    moments, freeze = list[str](), Backups._freeze

    def then_replaced(made: Backups, to: BackupFolder, time: str) -> Manifest:
        manifest = freeze(made, to, time)
        moments.append(time)
        if len(moments) == 1:  # the packs that this moment names go away
            receive_study(house, StudyInstanceUID=uid)
            prepare(house, uid)
        return manifest

    monkeypatch.setattr(Backups, "_copy_named_now", lambda *_: 0)
    monkeypatch.setattr(Backups, "_freeze", then_replaced)
    made = backed_up(house, folder)
    assert len(moments) == 2
    assert made.missing == ()
    other = empty_house(tmp_path / "other", house)
    assert restored(other, folder).faults == ()
    assert faults(other) == []
    assert named_objects(other) == named_objects(house)


def test_pictures_that_are_always_replaced_end_in_an_error_and_no_backup(
    house: Services, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uid, freeze = prepared_study(house), Backups._freeze

    def then_replaced(made: Backups, to: BackupFolder, time: str) -> Manifest:
        manifest = freeze(made, to, time)
        receive_study(house, StudyInstanceUID=uid)
        prepare(house, uid)
        return manifest

    monkeypatch.setattr(Backups, "_copy_named_now", lambda *_: 0)
    monkeypatch.setattr(Backups, "_freeze", then_replaced)
    with pytest.raises(BackupFailed, match="run it again"):
        backed_up(house, folder)
    assert house.backup.making.folder(folder).times() == []


def test_an_object_that_the_archive_lost_is_named_and_the_rest_is_backed_up(house: Services, folder: Path) -> None:
    lost = sorted(named_objects(house))[0]
    house.archive.objects.store.delete(lost)
    made = backed_up(house, folder)
    assert made.missing == (lost,)
    assert copies(folder) == named_objects(house) - {lost}
    assert list(house.backup.making.check(folder, unseen)) == [f"{lost}: was missing when the backup was made"]


def test_an_object_that_was_repaired_is_copied_again(house: Services, folder: Path) -> None:
    file = part10(ct_slice())
    clock_of(house).advance(1)
    house.ingest.ingest.receive([IncomingObject(io.BytesIO(file))], "stow", "test")
    with house.db.read() as session:
        key = max(studies.sealed_instances(session), key=lambda row: row[0].received_at)[0].object_key
    house.archive.objects.store.put(key, [b"damaged"])
    backed_up(house, folder)
    house.ingest.ingest.receive([IncomingObject(io.BytesIO(file))], "stow", "test")
    assert backed_up(house, folder).copied == 1
    assert copy_of(folder, key) == house.archive.objects.store.read(key)
    assert backed_up(house, folder).copied == 0


class FullDisk(LocalStore):
    """Has room for so many batches."""

    def __init__(self, root: Path, batches: int) -> None:
        super().__init__(root)
        self.batches = batches

    def put_many(self, items: Iterable[tuple[str, Iterable[bytes]]]) -> list[int]:
        self.batches -= 1
        if self.batches < 0:
            raise StoreFull("the local store failed: No space left on device")
        return super().put_many(items)


def test_a_full_disk_ends_a_backup_loudly_and_the_earlier_one_stays_whole(
    house: Services, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = backed_up(house, folder)
    held = faults_of_a_restore(house, folder, tmp_path / "before")
    prepared_study(house, 3)
    monkeypatch.setattr(copying, "BATCH_OBJECTS", 1)
    clock_of(house).advance(1)
    with pytest.raises(BackupFailed, match="no room left"):
        replace(house.backup.making, open_store=lambda path: FullDisk(path, batches=2)).make(folder, unseen)
    assert house.backup.making.folder(folder).times() == [first.time]
    assert list(house.backup.making.check(folder, unseen)) == []
    assert faults_of_a_restore(house, folder, tmp_path / "after") == held == []
    assert backed_up(house, folder).copied == 5 - 2  # what was copied is not copied again


@pytest.mark.parametrize("step", ["write_names", "digests", "frozen"])
def test_no_room_for_rows_or_names_is_one_line_and_leaves_no_backup(
    house: Services, folder: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(making, step, full)
        with pytest.raises(BackupFailed, match="no room left"):
            backed_up(house, folder)
    assert house.backup.making.folder(folder).times() == []
    assert backed_up(house, folder).missing == ()
    assert not list((folder / "backups").glob("*.part"))


def test_two_backups_at_once_in_one_folder_are_refused(house: Services, folder: Path) -> None:
    with house.backup.making.folder(folder).locked(), pytest.raises(BackupFailed, match="another backup"):
        backed_up(house, folder)


def test_a_backup_is_never_named_before_an_earlier_one(house: Services, folder: Path) -> None:
    backed_up(house, folder)
    clock_of(house).advance(-3600)
    with pytest.raises(BackupFailed, match="newest backup"):
        backed_up(house, folder)


def test_old_backups_go_with_the_objects_that_only_they_named(house: Services, folder: Path) -> None:
    uid = prepared_study(house)
    backed_up(house, folder)
    receive_study(house, StudyInstanceUID=uid)
    prepare(house, uid)  # the packs of before are deleted
    last = backed_up(house, folder)
    assert copies(folder) > named_objects(house)
    assert house.backup.making.prune(folder, 1) == 1
    assert house.backup.making.folder(folder).times() == [last.time]
    assert copies(folder) == named_objects(house)
    assert list(house.backup.making.check(folder, unseen)) == []
    assert backed_up(house, folder).copied == 0


def test_a_check_names_each_copy_that_is_damaged_or_gone(house: Services, folder: Path) -> None:
    backed_up(house, folder)
    gone, damaged, *_ = sorted(copies(folder))
    (folder / "objects" / gone).unlink()
    path = folder / "objects" / damaged
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert set(house.backup.making.check(folder, unseen)) == {f"{gone}: missing", f"{damaged}: not what was copied"}


def test_half_a_line_that_a_crash_left_of_a_sum_hides_no_other(house: Services, folder: Path) -> None:
    backed_up(house, folder)
    sums = max((folder / "sums").iterdir(), key=lambda path: path.stat().st_size)
    whole = sums.read_text()
    sums.write_text(whole[: len(whole) - 20])
    assert backed_up(house, folder).copied == 1
    assert list(house.backup.making.check(folder, unseen)) == []


def copy_of(folder: Path, key: str) -> bytes:
    return (folder / "objects" / key).read_bytes()


def faults_of_a_restore(house: Services, folder: Path, to: Path) -> list[str]:
    other = empty_house(to, house)
    restored(other, folder)
    return faults(other)
