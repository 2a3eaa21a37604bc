"""Brings a backup back: first its objects, then its database in one transaction (ADR 0020). Its layout is `folder`.

Broken off, it is run again: until the database is there the installation counts as empty, and objects that are already
whole are only read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.archive.store import ObjectStore
from app.database import Database, schema
from app.database.copies import load
from app.errors import BackupFailed, ObjectMissing
from app.repos.backup import rows
from app.services.archive.named_objects import ObjectShard, object_shards
from app.services.audit.log import Action, Audit
from app.services.backup.copying import Progress, Step, copied, sum_of
from app.services.backup.disk_faults import disk_faults
from app.services.backup.folder import BackupFolder, Sum, read_names
from app.services.backup.making import SUBJECT, Backups, newest
from app.services.backup.manifest import Manifest


@dataclass(frozen=True)
class Restored:
    """`faults`: a line for each object that is missing in the backup, or not what was copied into it."""

    time: str
    objects: int
    faults: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Restoring:
    """Decides what a restore may overwrite: nothing, unless told. It never deletes an object.

    Raises BackupFailed, ArchiveError and DatabaseUnavailable.
    """

    db: Database
    audit: Audit
    store: ObjectStore
    backups: Backups

    def restore(self, path: Path, progress: Progress, *, time: str | None = None, replace: bool = False) -> Restored:
        """`time`: the name of a backup; without it the newest. `replace`: what is here may be overwritten."""
        folder = self.backups.folder(path)
        with disk_faults(), folder.locked():
            time = time or newest(folder)
            manifest, place = folder.manifest(time), folder.place_of(time)
            self._require_usable(manifest, place)
            if not replace:
                self._require_empty(place)
            with progress("objects", manifest.objects) as step:
                faults = tuple(self._bring_objects(folder, place, step))
            load(self.db, place / "database", manifest.revision, manifest.tables)
        with self.db.session() as session:
            detail = {"time": time, "faults": len(faults)}
            self.audit.record(session, Action.BACKUP_RESTORED, actor="cli", subject=SUBJECT, **detail)
        return Restored(time, manifest.objects, faults)

    def _require_usable(self, manifest: Manifest, place: Path) -> None:
        here = self.db.engine.dialect.name
        if manifest.database != here:
            raise BackupFailed(f"this backup is of {manifest.database}, and the database here is {here}")
        if not schema.knows(manifest.revision):
            raise BackupFailed("this backup was made by a newer release: install that one first")
        if damaged := manifest.damaged_files(place):
            raise BackupFailed(f"{len(damaged)} files of this backup are damaged, first {damaged[0]}: use another one")

    def _require_empty(self, place: Path) -> None:
        """Objects of the backup itself may be there: a restore that was broken off left them."""
        with self.db.read() as session:
            used = rows.is_used(session)
        for shard in object_shards():
            used = used or not {key for key, _ in self.store.list(shard.prefix)} <= set(read_names(place, shard))
        if used:
            raise BackupFailed("this installation is not empty: --replace overwrites what it holds")

    def _bring_objects(self, folder: BackupFolder, place: Path, step: Step) -> Iterator[str]:
        for shard in object_shards():
            names = read_names(place, shard)
            sums = folder.sums(shard) if names else {}
            yield from self._bring_shard(folder, shard, names, sums, step)

    def _bring_shard(
        self, folder: BackupFolder, shard: ObjectShard, names: list[str], sums: dict[str, Sum], step: Step
    ) -> Iterator[str]:
        there = {key for key, _ in self.store.list(shard.prefix)} if names else set()
        needed = [key for key in names if key not in there or not self._is_whole(key, sums)]
        step(len(names) - len(needed))
        for done, lacking in copied(needed, folder.store, self.store):
            yield from (f"{key}: not what was copied" for key, found in done.items() if found != sums.get(key))
            yield from (f"{key}: missing in the backup" for key in lacking)
            step(len(done) + len(lacking))

    def _is_whole(self, key: str, sums: dict[str, Sum]) -> bool:
        try:
            return sum_of(self.store, key) == sums.get(key)
        except ObjectMissing:
            return False
