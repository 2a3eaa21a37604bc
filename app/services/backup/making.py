"""Makes a backup while others work, checks one, and removes old ones (ADR 0020). Its layout is `folder`.

Objects are never changed, so each is copied once for all backups. The order is what makes a backup whole: first the
objects that are named now, then the database at one moment, then the objects that this moment names and that came in
between. Prepared pictures that were replaced meanwhile are named by that moment and gone: then a later moment is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from app.archive.store import ObjectStore
from app.clock import Clock
from app.database import Database
from app.database.copies import frozen
from app.errors import BackupFailed, ObjectMissing, StoreFull
from app.repos.audit import log as audit_rows
from app.repos.backup import rows
from app.services.archive.named_objects import ObjectShard, object_shards
from app.services.audit.log import Action, Audit
from app.services.audit.subjects import instance_subject
from app.services.backup.copying import Progress, Step, copied, sum_of
from app.services.backup.disk_faults import NO_ROOM, disk_faults
from app.services.backup.folder import OBJECTS, BackupFolder, keep_copy, read_names, write_names
from app.services.backup.manifest import Manifest, digests

MOMENTS = 5
"""How many moments are tried. Each time less is left to copy."""
SUBJECT = "backup"


@dataclass(frozen=True)
class Made:
    """`time` is the backup's name. `missing`: objects that rows name and the store lacks, before us too."""

    time: str
    objects: int
    copied: int
    missing: tuple[str, ...]


@dataclass(frozen=True)
class _Copied:
    copied: int
    gone: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Backups:
    """Decides what belongs to a backup. `open_store` opens a folder as a store; `anchors` is the folder of anchors.

    Raises BackupFailed, ArchiveError and DatabaseUnavailable. A backup that fails leaves the earlier ones whole, and
    what it copied is not copied again.
    """

    db: Database
    clock: Clock
    audit: Audit
    store: ObjectStore
    open_store: Callable[[Path], ObjectStore]
    key: bytes
    anchors: Path

    def folder(self, path: Path) -> BackupFolder:
        return BackupFolder(path, self.open_store(path / OBJECTS), self.key)

    def make(self, path: Path, progress: Progress) -> Made:
        folder = self.folder(path)
        with disk_faults(), folder.locked():
            done = self._copy_named_now(folder, progress)
            for _ in range(MOMENTS):
                time = self._new_time(folder)
                manifest = self._freeze(folder, time)
                with progress("objects of the backup", manifest.objects) as step:
                    rest = self._copy_rest(folder, time, step)
                done += rest.copied
                missing = self._still_named(rest.gone)
                if len(missing) == len(rest.gone):
                    return self._finish(folder, time, manifest, missing, done)
        raise BackupFailed("pictures were replaced faster than they could be copied: run it again, less is left to do")

    def check(self, path: Path, progress: Progress) -> Iterator[str]:
        """Read the newest backup whole; a line for each fault."""
        folder = self.folder(path)
        with disk_faults(), folder.locked():
            time = newest(folder)
            manifest = folder.manifest(time)
            yield from (f"{name}: not what was written" for name in manifest.damaged_files(folder.place_of(time)))
            yield from (f"{key}: was missing when the backup was made" for key in manifest.missing)
            with progress("objects checked", manifest.objects) as step:
                for shard in object_shards():
                    names = set(read_names(folder.place_of(time), shard)).difference(manifest.missing)
                    yield from _faults(folder, shard, names, step)

    def prune(self, path: Path, keep: int) -> int:
        """Remove all but the newest `keep` backups, and the objects that only they named; how many backups."""
        folder = self.folder(path)
        with disk_faults(), folder.locked():
            times = folder.times()
            old, kept = times[:-keep], times[-keep:]
            for time in old:
                folder.remove(time)
            for shard in object_shards() if old else ():
                named = {key for time in kept for key in read_names(folder.place_of(time), shard)}
                folder.keep_sums(shard, {key: known for key, known in folder.sums(shard).items() if key in named})
                for key in {key for key, _ in folder.store.list(shard.prefix)} - named:
                    folder.store.delete(key)
        return len(old)

    def _copy_named_now(self, folder: BackupFolder, progress: Progress) -> int:
        """What there is before the moment is chosen, so that little is left to copy after it."""
        again, done = self._repaired_since(folder), 0
        with progress("objects", None) as step:
            for shard in object_shards():
                with self.db.read() as session:
                    named = shard.named(session)
                known = folder.sums(shard).keys() - again
                done += _copy_new(folder, shard, named - known, self.store, step).copied
        return done

    def _repaired_since(self, folder: BackupFolder) -> set[str]:
        """An object that was damaged and then received again has new bytes under its key."""
        since = folder.manifest(folder.times()[-1]).audit_seq if folder.times() else 0
        prefix = instance_subject("")
        with self.db.read() as session:
            subjects = rows.subjects_since(session, Action.INSTANCE_REPAIRED, since)
            return rows.object_keys_of(session, {subject.removeprefix(prefix) for subject in subjects})

    def _new_time(self, folder: BackupFolder) -> str:
        """Backups are told apart by their second; a clock that was set back must not hide a newer one."""
        time = f"{self.clock.now():%Y%m%dT%H%M%SZ}"
        if folder.times() and time <= folder.times()[-1]:
            raise BackupFailed(f"the newest backup here is of {folder.times()[-1]}, which is not before now")
        return time

    def _freeze(self, folder: BackupFolder, time: str) -> Manifest:
        place, objects = folder.begin(time), 0
        for anchor in sorted(self.anchors.glob("audit-*.json")):  # before the moment: the log knows all their rows
            keep_copy(place / "anchors", anchor)
        with frozen(self.db, place / "database") as moment:
            for shard in object_shards():
                names = shard.named(moment.session)
                write_names(place, shard, names)
                objects += len(names)
            seq = audit_rows.last_seq(moment.session)
        return Manifest(
            made_at=f"{self.clock.now():%Y-%m-%d %H:%M:%S} UTC",
            database=self.db.engine.dialect.name,
            revision=moment.revision,
            audit_seq=seq,
            tables=moment.tables,
            files=digests(place),
            objects=objects,
            missing=(),
        )

    def _copy_rest(self, folder: BackupFolder, time: str, step: Step) -> _Copied:
        done, gone = 0, list[str]()
        for shard in object_shards():
            names = set(read_names(folder.place_of(time).with_suffix(".part"), shard))
            new = names - folder.sums(shard).keys()
            step(len(names) - len(new))
            rest = _copy_new(folder, shard, new, self.store, step)
            done += rest.copied
            gone += rest.gone
        return _Copied(done, tuple(gone))

    def _still_named(self, gone: tuple[str, ...]) -> tuple[str, ...]:
        """Those of which a row is left: the archive itself lost them."""
        if not gone:
            return ()
        lost, named = set(gone), list[str]()
        for shard in object_shards():
            if any(key.startswith(shard.prefix) for key in lost):
                with self.db.read() as session:
                    named += lost & shard.named(session)
        return tuple(sorted(named))

    def _finish(self, folder: BackupFolder, time: str, manifest: Manifest, missing: tuple[str, ...], done: int) -> Made:
        folder.finish(time, Manifest(**vars(manifest) | {"missing": missing}))
        with self.db.session() as session:
            counts = {"time": time, "objects": manifest.objects, "missing": len(missing)}
            self.audit.record(session, Action.BACKUP_MADE, actor="cli", subject=SUBJECT, **counts)
        return Made(time, manifest.objects, done, missing)


def newest(folder: BackupFolder) -> str:
    """Raises BackupFailed when there is none."""
    if not folder.times():
        raise BackupFailed("there is no finished backup in this folder")
    return folder.times()[-1]


def _copy_new(folder: BackupFolder, shard: ObjectShard, keys: set[str], source: ObjectStore, step: Step) -> _Copied:
    done, gone = 0, list[str]()
    try:
        for sums, lacking in copied(sorted(keys), source, folder.store):
            if sums:
                folder.add_sums(shard, sums)
            done += len(sums)
            gone += lacking
            step(len(sums) + len(lacking))
    except StoreFull as error:  # the archive is only read
        raise BackupFailed(NO_ROOM) from error
    return _Copied(done, tuple(gone))


def _faults(folder: BackupFolder, shard: ObjectShard, names: set[str], step: Step) -> Iterator[str]:
    sums = folder.sums(shard) if names else {}
    for key in sorted(names):
        try:
            if sum_of(folder.store, key) != sums.get(key):
                yield f"{key}: not what was copied"
        except ObjectMissing:
            yield f"{key}: missing"
        step(1)
