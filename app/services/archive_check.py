"""Re-reads every stored object and compares it with its row. Repairs nothing."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.archive.keyspace import QUARANTINE, STUDIES
from app.archive.sealed import SealedArchive
from app.errors import ArchiveError, ObjectMissing, UnsealError
from app.extensions import Database
from app.models import Instance, QuarantineItem
from app.repos import quarantine, studies
from app.services.data_keys import DataKeys


@dataclass(frozen=True)
class ObjectCheck:
    """One object's result; `fault` is None when it is whole. `size` in bytes as the row says."""

    object_key: str
    size: int
    fault: str | None


@dataclass(frozen=True)
class ArchiveCheck:
    db: Database
    archive: SealedArchive
    data_keys: DataKeys

    def objects(self) -> Iterator[ObjectCheck]:
        """Check received files and quarantined objects one by one, each read whole but never held whole in memory."""
        with self.db.read() as session:
            for instance, data_key_id in studies.sealed_instances(session):
                yield self._check(session, instance, data_key_id)
            for item in quarantine.all_items(session):
                yield self._check(session, item, item.data_key_id)

    def orphans(self) -> list[str]:
        """Objects without a row, never acknowledged: left by a crash, or of a batch still on its way."""
        stored = {key for prefix in (STUDIES, QUARANTINE) for key, _ in self.archive.store.list(prefix)}
        with self.db.read() as session:
            stored.difference_update(instance.object_key for instance, _ in studies.sealed_instances(session))
            stored.difference_update(item.object_key for item in quarantine.all_items(session))
        return sorted(stored)

    def _check(self, session: Session, row: Instance | QuarantineItem, data_key_id: uuid.UUID) -> ObjectCheck:
        try:
            key = self.data_keys.open(session, data_key_id)
            digest, size = hashlib.sha256(), 0
            for piece in self.archive.stream(row.object_key, row.object_version, key):
                digest.update(piece)
                size += len(piece)
        except ObjectMissing:
            return ObjectCheck(row.object_key, row.size, "missing")
        except UnsealError:
            return ObjectCheck(row.object_key, row.size, "altered, cut or moved")
        except ArchiveError:
            return ObjectCheck(row.object_key, row.size, "cannot be read")
        same = size == row.size and digest.digest() == row.sha256
        return ObjectCheck(row.object_key, row.size, None if same else "not what was received")
