"""Sealed objects on a store: round trips, packs, and damage on the disk that must be noticed."""

import hashlib
import secrets
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from uuid import uuid4

import pytest

from app.archive.keyspace import instance_object_key
from app.archive.local_store import LocalStore
from app.archive.sealed import DataKey, PackIndex, SealedArchive, SealRequest
from app.errors import ObjectMissing, UnsealError

STUDY = uuid4()
KEY = DataKey(uuid4(), b"k" * 32)


def some_key() -> str:
    return instance_object_key(STUDY, uuid4())


@pytest.fixture
def archive(tmp_path: Path) -> SealedArchive:
    return SealedArchive(LocalStore(tmp_path / "objects"))


@pytest.mark.parametrize("size", [0, 1, 65535, 65536, 65537, 3_000_000])
def test_an_object_comes_back_with_its_size_and_hash(archive: SealedArchive, size: int) -> None:
    key, plain = some_key(), secrets.token_bytes(size)
    stored = archive.put(key, 1, KEY, [plain[:100], plain[100:]])
    assert stored == (size, hashlib.sha256(plain).hexdigest())
    assert archive.open(key, 1, KEY) == plain
    for offset, length in ((0, size), (size // 2, 70_000), (max(size - 5, 0), 10), (size, 1), (65_530, 12)):
        for known_size in (None, size):
            assert archive.open_range(key, 1, KEY, offset, length, known_size) == plain[offset : offset + length]


def test_a_batch_gives_each_objects_own_measure(archive: SealedArchive) -> None:
    plains = [secrets.token_bytes(size) for size in (10, 0, 70_000)]
    keys = [some_key() for _ in plains]
    stored = archive.put_many(SealRequest(key, 1, KEY, [plain]) for key, plain in zip(keys, plains, strict=True))
    assert [item.sha256 for item in stored] == [hashlib.sha256(plain).hexdigest() for plain in plains]
    assert [archive.open(key, 1, KEY) for key in keys] == plains


def test_nothing_plain_reaches_the_disk(archive: SealedArchive, tmp_path: Path) -> None:
    archive.put(some_key(), 1, KEY, [b"WANG^XIAODONG" * 100])
    assert all(b"WANG" not in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_objects_swapped_on_the_disk_do_not_open(archive: SealedArchive, tmp_path: Path) -> None:
    first, second = some_key(), some_key()
    archive.put(first, 1, KEY, [b"one"])
    archive.put(second, 1, KEY, [b"two"])
    root = tmp_path / "objects"
    (root / first).write_bytes((root / second).read_bytes())
    with pytest.raises(UnsealError):
        archive.open(first, 1, KEY)


def test_another_version_or_key_does_not_open(archive: SealedArchive) -> None:
    key = some_key()
    archive.put(key, 1, KEY, [b"one"])
    for version, data_key in ((2, KEY), (1, DataKey(KEY.id, b"x" * 32))):
        with pytest.raises(UnsealError):
            archive.open(key, version, data_key)
        with pytest.raises(UnsealError):
            archive.open_range(key, version, data_key, 0, 1)


def test_a_file_cut_on_the_disk_does_not_open(archive: SealedArchive, tmp_path: Path) -> None:
    key = some_key()
    archive.put(key, 1, KEY, [bytes(200_000)])
    path = tmp_path / "objects" / key
    whole = path.read_bytes()
    for length in (0, 10, 31, 40, 31 + 65536 + 16, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(UnsealError):
            archive.open(key, 1, KEY)
        with pytest.raises(UnsealError):
            archive.open_range(key, 1, KEY, 199_999, 1)


def test_a_missing_object_is_missing_and_not_unsealable(archive: SealedArchive) -> None:
    with pytest.raises(ObjectMissing):
        archive.open(some_key(), 1, KEY)


def test_frames_of_a_pack_are_read_alone_by_an_index_kept_elsewhere(archive: SealedArchive) -> None:
    key, frames = some_key(), [secrets.token_bytes(size) for size in (1000, 1, 0, 300_000)]
    index = PackIndex.from_bytes(archive.put_pack(key, 3, KEY, frames).to_bytes())
    assert len(index) == 4
    assert [archive.read_entry(key, 3, KEY, index[number]) for number in (3, 0, 2, 1)] == [
        frames[number] for number in (3, 0, 2, 1)
    ]
    for number in (-1, 4):
        with pytest.raises(IndexError):
            index[number]


def test_a_pack_is_written_while_its_frames_still_come(archive: SealedArchive, tmp_path: Path) -> None:
    key, written = some_key(), []

    def frames() -> Iterator[bytes]:
        for _ in range(8):
            yield secrets.token_bytes(1000)
            written.append(sum(path.stat().st_size for path in tmp_path.rglob("*.part")))

    index = archive.put_pack(key, 1, KEY, frames())
    assert len(index) == 8
    assert all(later > earlier for earlier, later in pairwise(written))


def test_frames_that_break_off_leave_no_pack(archive: SealedArchive, tmp_path: Path) -> None:
    def frames() -> Iterator[bytes]:
        yield b"x" * 1000
        yield b"y" * 1000
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        archive.put_pack(some_key(), 1, KEY, frames())
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_frame_costs_one_read_of_exactly_its_bytes(archive: SealedArchive, monkeypatch: pytest.MonkeyPatch) -> None:
    key = some_key()
    index = archive.put_pack(key, 1, KEY, [b"a" * 100, b"b" * 200])
    reads: list[tuple[int, int]] = []
    read_range = archive.store.read_range

    def spy(object_key: str, start: int, length: int) -> bytes:
        reads.append((start, length))
        return read_range(object_key, start, length)

    monkeypatch.setattr(archive.store, "read_range", spy)
    assert archive.read_entry(key, 1, KEY, index[1]) == b"b" * 200
    assert reads == [(31 + 116, 216)]


@pytest.mark.parametrize("raw", [b"", b"CFS1", bytes(35), b"CFS1" + bytes(27), b"CFS1" + bytes(30)])
def test_bytes_that_are_no_pack_index_are_refused(raw: bytes) -> None:
    with pytest.raises(UnsealError):
        PackIndex.from_bytes(raw)


def test_a_data_key_does_not_print_its_secret() -> None:
    assert "kkkk" not in repr(KEY)
