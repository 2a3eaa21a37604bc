"""Re-reads every stored object and compares it with its row. Repairs nothing, but clears away what crashes left.

A large archive takes days: rows come page by page and names shard by shard, so that no transaction stays open and
nothing grows with the archive.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from sqlalchemy.orm import Session

from app.archive.keyspace import QUARANTINE, RENDITIONS, STUDIES, shards
from app.archive.sealed import DataKey, PackIndex, SealedArchive
from app.clock import Clock
from app.database import Database
from app.errors import ArchiveError, ObjectMissing, UnsealError
from app.models import Instance, PreparedSeries, QuarantineItem
from app.repos.ingest import quarantine, studies
from app.repos.pictures import prepared as renditions
from app.services.archive.data_keys import DataKeys

LEFTOVER_AGE = timedelta(days=1)
"""No write takes so long."""
PAGE = 500
Row = TypeVar("Row")
IdOf = Callable[[Row], uuid.UUID]


@dataclass(frozen=True)
class ObjectCheck:
    """One object's result; `fault` is None when it is whole. `size` in plain bytes."""

    object_key: str
    size: int
    fault: str | None


@dataclass(frozen=True, kw_only=True)
class ArchiveCheck:
    """Decides whether every stored object is whole. A fault is a result; nothing is raised for it."""

    db: Database
    archive: SealedArchive
    data_keys: DataKeys
    clock: Clock

    def objects(self) -> Iterator[ObjectCheck]:
        """Check received, quarantined and prepared objects one by one; read whole, never held whole."""
        for instance, data_key_id in self._rows(studies.sealed_instances, lambda row: row[0].id):
            yield self._check(instance, data_key_id)
        for item in self._rows(quarantine.all_items, lambda row: row.id):
            yield self._check(item, item.data_key_id)
        for prepared, data_key_id in self._rows(renditions.all_prepared, lambda row: row[0].id):
            results = [
                self._check_pack(object_key, prepared.revision, index, data_key_id)
                for object_key, index in _packs(prepared)
            ]
            if all(result.fault is None for result in results) or self._is_current(prepared):
                yield from results

    def orphans(self) -> Iterator[str]:
        """Objects without a row, never acknowledged: left by a crash, or of a batch still on its way."""
        named_by = {STUDIES: studies, RENDITIONS: renditions, QUARANTINE: quarantine}
        for prefix, repo in named_by.items():
            for shard, first, last in shards():
                stored = {key for key, _ in self.archive.store.list(prefix + shard)}
                if stored:
                    with self.db.read() as session:  # after the names: what comes meanwhile has its row by then
                        stored -= repo.object_keys(session, first, last)
                yield from sorted(stored)

    def remove_leftovers(self) -> int:
        """Delete the pieces of writes that a crash broke off and nobody ever sees; returns how many."""
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

    def _check(self, row: Instance | QuarantineItem, data_key_id: uuid.UUID) -> ObjectCheck:
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

    def _is_current(self, prepared: PreparedSeries) -> bool:
        """Whether its row is still there: packs go with it when the study is prepared anew."""
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
