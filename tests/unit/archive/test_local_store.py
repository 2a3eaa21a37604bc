"""The store in a folder: durable order of steps, full disk, left-overs of a crash."""

import errno
import os
import time
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from app.archive.local_store import LocalStore
from app.errors import ArchiveError, ObjectMissing, StoreFull, StoreUnavailable
from tests.factories.durable_steps import in_order
from tests.unit.archive.store_promises import StorePromises, some_key


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "objects")


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


class TestLocalStore(StorePromises):
    pass


def test_a_put_is_written_synced_renamed_and_its_folders_synced_in_this_order(tmp_path: Path) -> None:
    events: list[str] = []
    store = LocalStore(tmp_path / "objects", trace=events.append)
    store.put(some_key(), [b"x"])
    # The study's folder, then the names of it, its shard and "studies" in the folders above.
    assert events == ["write", "fsync-file", "rename", *["fsync-folder"] * 4]
    events.clear()
    store.put(some_key(), [b"y"])
    assert events == ["write", "fsync-file", "rename", "fsync-folder"]


def test_a_batch_syncs_all_files_before_the_first_rename_and_the_folder_once(tmp_path: Path) -> None:
    events: list[str] = []
    store = LocalStore(tmp_path / "objects", trace=events.append)
    store.put(some_key(), [b"x"])
    events.clear()
    store.put_many((some_key(), [b"x"]) for _ in range(20))
    assert in_order(events) == ["write", "fsync-file", "rename", "fsync-folder"]
    assert Counter(events) == {"write": 20, "fsync-file": 20, "rename": 20, "fsync-folder": 1}


def test_the_traced_steps_are_real_system_calls_on_the_object(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, key, calls = LocalStore(tmp_path / "objects"), some_key(), []
    fsync, replace = os.fsync, Path.replace

    def spy_fsync(descriptor: int) -> None:
        calls.append(("fsync", Path(f"/proc/self/fd/{descriptor}").readlink()))
        fsync(descriptor)

    def spy_replace(part: Path, final: Path) -> Path:
        calls.append(("rename", part))
        return replace(part, final)

    monkeypatch.setattr(os, "fsync", spy_fsync)
    monkeypatch.setattr(Path, "replace", spy_replace)
    store.put(key, [b"x"])
    final = tmp_path / "objects" / key
    (step_1, part), (step_2, renamed), *folders = calls
    assert (step_1, step_2, part) == ("fsync", "rename", renamed)
    assert part.name.startswith(final.name)
    assert part.suffix == ".part"
    assert folders == [("fsync", folder) for folder in list(final.parents)[:4]]


@pytest.mark.parametrize("at", ["first write", "later write", "fsync"])
def test_a_full_disk_leaves_nothing_visible_and_raises(
    store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    write, calls = os.write, 0

    def failing_write(descriptor: int, data: bytes) -> int:
        nonlocal calls
        calls += 1
        if at == "first write" or (at == "later write" and calls == 5):
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, bytes(data)[:2])

    def failing_fsync(descriptor: int) -> None:
        if at == "fsync":
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", failing_write)
    monkeypatch.setattr(os, "fsync", failing_fsync)
    with pytest.raises(StoreFull):
        store.put_many([(some_key(), [b"aaaa"]), (some_key(), [b"bbbb", b"cccc"])])
    assert files_in(tmp_path) == []
    assert list(store.list("")) == []


def test_short_writes_are_continued(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    write, key = os.write, some_key()
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, bytes(data)[:3]))
    assert store.put(key, [b"0123456789", b"abc"]) == 13
    assert store.read(key) == b"0123456789abc"


def test_a_sender_that_breaks_off_leaves_nothing_and_its_own_error_passes(store: LocalStore, tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        store.put_many([(some_key(), [b"a"]), (some_key(), broken())])
    assert files_in(tmp_path) == []


def test_other_disk_errors_are_domain_errors_too(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing_fsync(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", failing_fsync)
    with pytest.raises(StoreUnavailable, match="Input/output"):
        store.put(some_key(), [b"x"])


def test_one_file_of_a_batch_that_cannot_be_synced_lets_none_of_it_appear(
    store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync, calls = os.fsync, count()

    def failing_fsync(descriptor: int) -> None:
        if next(calls) == 3:
            raise OSError(errno.EIO, "Input/output error")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", failing_fsync)
    with pytest.raises(StoreUnavailable, match="Input/output"):
        store.put_many((some_key(), [b"x"]) for _ in range(10))
    assert files_in(tmp_path) == []


def test_more_files_than_may_be_open_at_once_are_all_stored(store: LocalStore, tmp_path: Path) -> None:
    keys = [some_key() for _ in range(150)]
    assert store.put_many((key, [key.encode()]) for key in keys) == [len(key) for key in keys]
    assert all(store.read(key) == key.encode() for key in keys)
    assert len(files_in(tmp_path)) == 150
    assert store.put_many([]) == []


def test_a_torn_left_over_is_never_listed_or_read_and_is_removed_when_old(store: LocalStore, tmp_path: Path) -> None:
    key = some_key()
    store.put(some_key(), [b"neighbour"])
    left_over = tmp_path / "objects" / f"{key}.0011223344556677.part"
    left_over.write_bytes(b"half an obj")
    with pytest.raises(ObjectMissing):
        store.read(key)
    assert [size for _, size in store.list("")] == [len("neighbour")]
    store.put(key, [b"whole"])
    assert store.read(key) == b"whole"
    assert store.remove_leftovers(not_after=time.time() - 3600) == 0
    assert store.remove_leftovers(not_after=time.time() + 1) == 1
    assert len(files_in(tmp_path)) == 2


def test_a_planted_link_is_not_followed(store: LocalStore, tmp_path: Path) -> None:
    key = some_key()
    store.put(some_key(), [b"x"])
    outside = tmp_path / "outside"
    outside.write_bytes(b"secret")
    (tmp_path / "objects" / key).symlink_to(outside)
    with pytest.raises(ArchiveError):
        store.read(key)
    store.put(key, [b"mine"])
    assert outside.read_bytes() == b"secret"


def test_files_and_folders_are_the_owners_alone(store: LocalStore, tmp_path: Path) -> None:
    key = some_key()
    store.put(key, [b"x"])
    path = tmp_path / "objects" / key
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


def test_the_probe_fails_when_the_folder_is_gone_or_nearly_full(
    store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class NearlyFull:
        f_bavail, f_frsize = 1000, 4096

    with monkeypatch.context() as patch:
        patch.setattr(os, "statvfs", lambda path: NearlyFull)
        with pytest.raises(StoreFull):
            store.probe()
    (tmp_path / "objects").rmdir()
    (tmp_path / "objects").write_text("a file where the folder was")
    with pytest.raises(StoreUnavailable):
        store.probe()
