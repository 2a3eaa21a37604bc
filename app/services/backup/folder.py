"""The folder that backups lie in, and how it never loses an earlier one.

    objects/                sealed objects, shared by all backups; one that is there is never written again
    sums/<shard>            a line an object: key, size, SHA-256; written after the object is durable
    backups/<time>/         one backup: database/, names/<shard>.gz, anchors/, and manifest.json, which is written last
    backups/<time>.part/    one that is not finished

What goes into it is decided by `making`.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from app.archive.store import ObjectStore
from app.database.packed_files import packed, packed_new
from app.errors import BackupFailed
from app.security import private_files
from app.services.archive.named_objects import ObjectShard
from app.services.backup.manifest import NAME, Manifest

OBJECTS, SUMS, BACKUPS = "objects", "sums", "backups"
_PART = ".part"
_TIME = re.compile(r"\d{8}T\d{6}Z")
_LINE = re.compile(r"(\S+) (\d+) ([0-9a-f]{64})")


class Sum(NamedTuple):
    """Of the sealed bytes of an object: their size and SHA-256 (hex)."""

    size: int
    sha256: str


@dataclass(frozen=True)
class BackupFolder:
    """`store`: the objects in it. `key` signs manifests. Methods raise OSError when the disk fails."""

    path: Path
    store: ObjectStore
    key: bytes

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One command at a time. Raises BackupFailed when another one is at work here."""
        for name in (SUMS, BACKUPS):
            (self.path / name).mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError:
            raise BackupFailed("another backup or restore is at work in this folder") from None
        finally:
            os.close(descriptor)

    def times(self) -> list[str]:
        """The names of the finished backups, oldest first."""
        folder = self.path / BACKUPS
        if not folder.is_dir():
            return []
        return sorted(each.name for each in folder.iterdir() if _TIME.fullmatch(each.name))

    def place_of(self, time: str) -> Path:
        return self.path / BACKUPS / time

    def manifest(self, time: str) -> Manifest:
        """Raises BackupFailed when there is none that this key file made."""
        try:
            text = (self.place_of(time) / NAME).read_text()
        except FileNotFoundError:
            raise BackupFailed("there is no such backup in this folder") from None
        return Manifest.from_text(text, self.key)

    def begin(self, time: str) -> Path:
        """An empty folder for a backup that is being made; what a former command left half done is removed."""
        for left in (self.path / BACKUPS).glob(f"*{_PART}"):
            shutil.rmtree(left)
        place = self.place_of(time).with_suffix(_PART)
        place.mkdir(mode=0o700)
        for name in ("database", "names", "anchors"):
            (place / name).mkdir(mode=0o700)
        return place

    def finish(self, time: str, manifest: Manifest) -> None:
        """From now on the backup is there, whole."""
        place = self.place_of(time).with_suffix(_PART)
        private_files.write_new(place / NAME, manifest.document(self.key))
        for name in ("database", "names", "anchors"):
            private_files.sync_folder(place / name)
        place.rename(self.place_of(time))
        private_files.sync_folder(self.path / BACKUPS)

    def remove(self, time: str) -> None:
        """First its name as a finished backup, then what it holds."""
        part = self.place_of(time).with_suffix(_PART)
        self.place_of(time).rename(part)
        private_files.sync_folder(self.path / BACKUPS)
        shutil.rmtree(part)

    def sums(self, shard: ObjectShard) -> dict[str, Sum]:
        """What is known of the copied objects of a shard. A line that a crash cut is as none."""
        try:
            text = (self.path / SUMS / shard.label).read_text()
        except FileNotFoundError:
            return {}
        found = (_LINE.fullmatch(line) for line in text.split("\n")[:-1])
        return {match[1]: Sum(int(match[2]), match[3]) for match in found if match}

    def add_sums(self, shard: ObjectShard, sums: Mapping[str, Sum]) -> None:
        """Durable on return. It begins with a new line: a crash may have left half a one."""
        descriptor = os.open(self.path / SUMS / shard.label, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write("\n" + _lines(sums))
            file.flush()
            os.fsync(file.fileno())

    def keep_sums(self, shard: ObjectShard, sums: Mapping[str, Sum]) -> None:
        """Only these, in the place of all that were known."""
        path = self.path / SUMS / shard.label
        beside = path.with_suffix(_PART)
        beside.unlink(missing_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(_lines(sums))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        private_files.sync_folder(path.parent)


def keep_copy(place: Path, file: Path) -> None:
    """A small file of others, with its name, durable on return."""
    descriptor = os.open(place / file.name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as copy:
        copy.write(file.read_bytes())
        copy.flush()
        os.fsync(copy.fileno())


def write_names(place: Path, shard: ObjectShard, names: Iterable[str]) -> None:
    """The objects of a shard that a backup holds. A shard without any has no file."""
    if listed := sorted(names):
        with packed_new(_names(place, shard)) as file:
            file.write("".join(f"{name}\n" for name in listed).encode())


def read_names(place: Path, shard: ObjectShard) -> list[str]:
    try:
        with packed(_names(place, shard)) as file:
            return file.read().decode().split()
    except FileNotFoundError:
        return []


def _names(place: Path, shard: ObjectShard) -> Path:
    return place / "names" / f"{shard.label}.gz"


def _lines(sums: Mapping[str, Sum]) -> str:
    return "".join(f"{key} {found.size} {found.sha256}\n" for key, found in sums.items())
