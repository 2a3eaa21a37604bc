"""Reads every stored object again and compares it with its row. Repairs nothing, but removes unfinished writes of
crashes.

A large archive takes days. So rows are read page by page and names shard by shard: no transaction stays open, and
memory does not grow with the archive. app/cli prints the results.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from sqlalchemy.orm import Session

from app.archive.sealed import DataKey, PackIndex, SealedArchive
from app.clock import Clock
from app.database import Database
from app.errors import ArchiveError, ObjectMissing, UnsealError
from app.models import Instance, InstanceVersion, PreparedSeries, QuarantineItem, WorkingPack
from app.repos.ingest import quarantine, studies, versions
from app.repos.pictures import prepared as renditions
from app.repos.pictures import working_packs
from app.services.archive.data_keys import DataKeys
from app.services.archive.named_objects import object_shards

LEFTOVER_AGE = timedelta(days=1)
"""No write takes as long as this."""
PAGE = 500
Row = TypeVar("Row")
IdOf = Callable[[Row], uuid.UUID]


@dataclass(frozen=True)
class ObjectCheck:
    """The result for one object. `fault` is None when it is whole. `size`: bytes in clear text."""

    object_key: str
    size: int
    fault: str | None


@dataclass(frozen=True, kw_only=True)
class ArchiveCheck:
    """Decides whether every stored object is whole. A fault of an object is a result and raises nothing."""

    db: Database
    archive: SealedArchive
    data_keys: DataKeys
    clock: Clock

    def objects(self) -> Iterator[ObjectCheck]:
        """Check received, quarantined and prepared objects one by one. Each is read whole, but never held whole in
        memory."""
        for instance, data_key_id in self._rows(studies.sealed_instances, lambda row: row[0].id):
            yield self._check(instance, data_key_id)
        for version, data_key_id in self._rows(versions.earlier, lambda row: row[0].id):
            yield self._check(version, data_key_id)
        for item in self._rows(quarantine.all_items, lambda row: row.id):
            yield self._check(item, item.data_key_id)
        for prepared, data_key_id in self._rows(renditions.all_prepared, lambda row: row[0].id):
            results = [
                self._check_pack(object_key, prepared.revision, index, data_key_id)
                for object_key, index in _packs(prepared)
            ]
            if all(result.fault is None for result in results) or self._is_current(prepared):
                yield from results
        for pack, revision, data_key_id in self._rows(working_packs.all_packs, lambda row: row[0].id):
            result = self._check_pack(pack.object_key, revision, pack.pack_index, data_key_id)
            if result.fault is None or self._is_kept(pack):
                yield result

    def orphans(self) -> Iterator[str]:
        """Objects without a row: a crash left them, or their batch is not finished yet. They were never
        acknowledged."""
        for shard in object_shards():
            stored = {key for key, _ in self.archive.store.list(shard.prefix)}
            if stored:
                with self.db.read() as session:  # read after the names: a new object has its row by then
                    stored -= shard.named(session)
            yield from sorted(stored)

    def remove_leftovers(self) -> int:
        """Delete the remains of writes that a crash broke off; no row names them. Returns how many."""
        return self.archive.store.remove_leftovers((self.clock.now() - LEFTOVER_AGE).timestamp())

    def _rows(self, page: Callable[[Session, uuid.UUID | None, int], list[Row]], id_of: IdOf[Row]) -> Iterator[Row]:
        after: uuid.UUID | None = None
        while True:
            with self.db.read() as session:
                rows = page(session, after, PAGE)
            if not rows:
                return
            yield from rows
            after = id_of(rows[-1])

    def _key(self, data_key_id: uuid.UUID) -> DataKey:
        with self.db.read() as session:
            return self.data_keys.open(session, data_key_id)

    def _check(self, row: Instance | InstanceVersion | QuarantineItem, data_key_id: uuid.UUID) -> ObjectCheck:
        digest, size = hashlib.sha256(), 0
        try:
            key = self._key(data_key_id)
            for piece in self.archive.stream(row.object_key, row.object_version, key):
                digest.update(piece)
                size += len(piece)
        except ArchiveError as error:
            return ObjectCheck(row.object_key, row.size, _fault(error))
        same = size == row.size and digest.digest() == row.sha256
        return ObjectCheck(row.object_key, row.size, None if same else "not what was received")

    def _is_kept(self, pack: WorkingPack) -> bool:
        """Whether its row still exists: packs that nobody needs are deleted, the row first."""
        with self.db.read() as session:
            return working_packs.is_kept(session, pack.id)

    def _is_current(self, prepared: PreparedSeries) -> bool:
        """Whether its row still exists. When a study is prepared again, old packs are deleted with their rows."""
        with self.db.read() as session:
            return bool(renditions.prepared(session, prepared.study_id, prepared.revision))

    def _check_pack(self, object_key: str, version: int, index: bytes, data_key_id: uuid.UUID) -> ObjectCheck:
        size = 0
        try:
            key, entries = self._key(data_key_id), PackIndex.from_bytes(index)
            for number in range(len(entries)):
                size += len(self.archive.read_entry(object_key, version, key, entries[number]))
        except ArchiveError as error:
            return ObjectCheck(object_key, size, _fault(error))
        return ObjectCheck(object_key, size, None)


def _packs(prepared: PreparedSeries) -> tuple[tuple[str, bytes], ...]:
    return (
        (prepared.preview_object_key, prepared.preview_index),
        (prepared.frame_object_key, prepared.frame_index),
    )


def _fault(error: ArchiveError) -> str:
    if isinstance(error, ObjectMissing):
        return "missing"
    return "altered, cut or moved" if isinstance(error, UnsealError) else "cannot be read"
