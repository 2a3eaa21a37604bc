"""Files, folders and zips as incoming objects, and the archives that try to get out or blow up."""

from __future__ import annotations

import os
import resource
import struct
import zipfile
from pathlib import Path

import pytest

from app.cli.incoming_files import ZipLimits, count, find
from app.errors import StoreUnavailable
from app.services.ingest.incoming import IncomingObject


def collect(*paths: Path, limits: ZipLimits | None = None) -> list[tuple[str, bytes, str | None]]:
    found = []
    for item in find(paths, limits):
        item.file.seek(0)
        found.append((Path(item.name).name, item.file.read(), _reason(item)))
        item.file.close()
    return found


def _reason(item: IncomingObject) -> str | None:
    return item.fault.reason if item.fault else None


def make_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def test_folders_are_walked_in_order(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("b/2", "b/1", "a"):
        (tmp_path / name).write_text(name)
    assert collect(tmp_path) == [("a", b"a", None), ("1", b"b/1", None), ("2", b"b/2", None)]
    assert count([tmp_path]) == 3


def test_a_zip_gives_its_members(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "x.zip", {"study/1": b"one", "study/": b"", "study/2": b"two"})
    assert [(data, fault) for _, data, fault in collect(path)] == [(b"one", None), (b"two", None)]
    assert count([path]) == 2


@pytest.mark.parametrize(
    "name", ["../evil", "a/../../evil", "/etc/evil", "..\\evil", "C:\\evil", "C:evil", "\\\\host\\share\\evil"]
)
def test_a_member_that_leads_out_of_the_archive_is_refused_and_written_nowhere(tmp_path: Path, name: str) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    path = make_zip(inside / "x.zip", {name: b"evil bytes", "good": b"good"})
    before = set(tmp_path.rglob("*"))
    (_, data, fault), (_, good, no_fault) = collect(path)
    assert fault == "member_name_unsafe"
    assert (data, good, no_fault) == (b"evil bytes", b"good", None)
    assert set(tmp_path.rglob("*")) == before


def test_a_zip_bomb_is_cut_off(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "bomb.zip", {"bomb": bytes(64 * 1024 * 1024)})
    ((_, data, fault),) = collect(path)
    assert fault == "member_too_large"
    assert len(data) <= 64 * 1024 * 1024 // 2


def test_a_member_larger_than_the_limit_is_cut_off(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "x.zip", {"large": os.urandom(5000)})
    ((_, data, fault),) = collect(path, limits=ZipLimits(member_bytes=4000))
    assert fault == "member_too_large"
    assert len(data) <= 4000


@pytest.mark.parametrize("limits", [ZipLimits(members=2), ZipLimits(total_bytes=2), ZipLimits(directory_bytes=100)])
def test_a_zip_past_its_limits_is_kept_whole_and_unopened(tmp_path: Path, limits: ZipLimits) -> None:
    path = make_zip(tmp_path / "x.zip", {"1": b"1", "2": b"2", "3": b"3"})
    assert collect(path, limits=limits) == [("x.zip", path.read_bytes(), "zip_too_large")]


def test_a_lying_size_in_the_directory_does_not_get_past_the_count(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "x.zip", {"a": b"0123456789" * 10})
    raw = bytearray(path.read_bytes())
    directory = raw.rindex(b"PK\x01\x02")
    raw[directory + 24 : directory + 28] = struct.pack("<I", 5)
    path.write_bytes(raw)
    ((_, _, fault),) = collect(path)
    assert fault == "member_unreadable"


def test_damaged_and_encrypted_members_are_refused_and_the_others_come_through(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "x.zip", {"a": b"first", "b": b"second"})
    raw = bytearray(path.read_bytes())
    directory = raw.index(b"PK\x01\x02")
    raw[directory + 8] |= 1
    raw[6] |= 1
    path.write_bytes(raw)
    assert [fault for _, _, fault in collect(path)] == ["member_unreadable", None]
    path.write_bytes(path.read_bytes()[:40])
    assert [fault for _, _, fault in collect(path)] == ["zip_unreadable"]
    assert count([path]) == 1


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_member_damaged_anywhere_is_refused_alone_however_it_is_packed(tmp_path: Path, method: int) -> None:
    content = bytes(range(64)) * 4
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("damaged", content)
        archive.writestr("sound", content)
        first, second = archive.infolist()
    raw = path.read_bytes()
    body = first.header_offset + 30 + len(first.filename)
    for position in range(body, second.header_offset):
        path.write_bytes(raw[:position] + bytes([raw[position] ^ 0xFF]) + raw[position + 1 :])
        (_, damaged, fault), (_, sound, no_fault) = collect(path)
        assert fault == "member_unreadable" or damaged == content  # some bits are only padding
        assert (sound, no_fault) == (content, None)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_member_that_unpacks_in_one_step_is_refused_before_it_is_unpacked(tmp_path: Path, method: int) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("bomb", bytes(64 * 1024 * 1024))
    assert collect(path) == [("x.zip:'bomb'", b"", "member_unreadable")]


def test_a_full_spool_is_no_fault_of_the_member(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_zip(tmp_path / "x.zip", {"large": os.urandom(9 * 1024 * 1024)})
    monkeypatch.setattr("app.cli.incoming_files._IN_MEMORY_BYTES", 1024)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024 * 1024, limit[1]))
    try:
        with pytest.raises(StoreUnavailable):
            collect(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)


def test_a_large_member_lies_in_the_folder_it_is_told(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "x.zip", {"large": os.urandom(9 * 1024 * 1024)})
    (tmp_path / "spool").mkdir()
    (member,) = find([path], spool=tmp_path / "spool")
    descriptor = f"/proc/self/fd/{member.file.fileno()}"
    assert Path(descriptor).readlink().is_relative_to(tmp_path / "spool")
    member.file.close()


def test_a_folder_that_cannot_be_opened_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("closed", "open"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x").write_text("x")
    scandir = os.scandir

    def refusing(path: str) -> object:
        if path.endswith("closed"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    assert collect(tmp_path) == [("x", b"x", None), ("closed", b"", "file_unreadable")]
    assert count([tmp_path]) == 2


def test_a_pipe_in_a_folder_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert collect(tmp_path) == [("pipe", b"", "file_unreadable")]


def test_a_path_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        collect(tmp_path / "none")
