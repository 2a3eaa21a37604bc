"""Takes received objects into the archive: one use case behind every door. Header checks are in `header_fields`.

A batch is planned (what is new, known, contradictory), its bytes are sealed and made durable, then one transaction
writes all rows, and only then the outcomes are returned: an acknowledged object is never lost. Nothing locks the
database while bytes are written; when another process was faster, a unique constraint says so and the batch is planned
again, now seeing what the other stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.exc import IntegrityError

from app.archive.sealed import SealedArchive
from app.clock import Clock
from app.database import Database
from app.dicom.part10 import HeaderLimits
from app.errors import NotFound, RefusedObject, StoreUnavailable
from app.imaging.header.image_index import ImageIndexer, index_image
from app.security.blind_index import BlindIndex
from app.security.fields import FieldSealer
from app.services.archive.data_keys import DataKeys
from app.services.audit.log import Audit
from app.services.ingest import header_fields
from app.services.ingest.incoming import MIB, NOT_AS_PROMISED, IncomingObject, Outcome
from app.services.ingest.plan import Arrival, Planner
from app.services.ingest.rows import Reception, Recorder, StudyHook

_BATCH_OBJECTS = 64
_BATCH_HEADER_BYTES = 32 * MIB
_ATTEMPTS = 8
BROKEN_PROMISE = RefusedObject("its UIDs are not those it was announced with", NOT_AS_PROMISED)


@dataclass(frozen=True, kw_only=True)
class Ingest:
    """Both hooks are called inside the transaction: `study_changed` once for each study that got instances,
    `patients_differ` for a study under which another patient's object was sent (that object is in quarantine).
    """

    db: Database
    archive: SealedArchive
    data_keys: DataKeys
    fields: FieldSealer
    blind: BlindIndex
    audit: Audit
    clock: Clock
    study_changed: StudyHook
    patients_differ: StudyHook
    spool: Path
    """Where large objects lie in clear while they are compared."""
    index_image: ImageIndexer = index_image
    limits: HeaderLimits = field(default_factory=HeaderLimits)

    def receive(
        self, sources: Iterable[IncomingObject], door: str, actor: str, *, is_demo: bool = False
    ) -> list[Outcome]:
        """Take objects in; outcomes come in the order of `sources`, all durable on return.

        Raises StoreUnavailable when nothing more can be written; then none of the objects may be acknowledged, though
        some may be stored (sending them again is harmless).
        """
        reception = Reception(door=door, actor=actor, is_demo=is_demo)
        return [outcome for batch in self._batches(sources) for outcome in self._take(batch, reception)]

    def _batches(self, sources: Iterable[IncomingObject]) -> Iterator[list[Arrival]]:
        """Their headers are in memory until the batch is stored: small files may inflate to large ones."""
        batch: list[Arrival] = []
        for source in sources:
            arrival = self._examine(source)
            # A second object of the same UID must find the first one stored.
            if arrival.header and arrival.header.sop_instance_uid in _uids(batch):
                yield batch
                batch.clear()
            batch.append(arrival)
            del arrival
            if len(batch) == _BATCH_OBJECTS or _memory(batch) >= _BATCH_HEADER_BYTES:
                yield batch
                batch.clear()
        if batch:
            yield batch

    def _examine(self, source: IncomingObject) -> Arrival:
        if source.fault is not None:
            return Arrival(source, fault=source.fault)
        try:
            header = header_fields.read(source.file, self.limits)
        except RefusedObject as fault:
            return Arrival(source, fault=fault)
        return Arrival(source, header, None if header.keeps(source.promise) else BROKEN_PROMISE)

    def _take(self, batch: list[Arrival], reception: Reception) -> list[Outcome]:
        planner = Planner(self.db, self.archive, self.data_keys, self.fields, self.index_image, self.spool, self.limits)
        recorder = Recorder(self.fields, self.blind, self.audit, self.clock, self.study_changed, self.patients_differ)
        for _ in range(_ATTEMPTS):
            plan = planner.plan(batch)
            try:
                with self.db.session() as session:
                    recorder.record(session, plan, reception)
            except (IntegrityError, NotFound):
                # Rolled back for certain, so no row names these objects; after any other error that is unknown.
                for object_key in plan.object_keys():
                    self.archive.store.delete(object_key)
            else:
                return plan.outcomes
        raise StoreUnavailable("other writers were faster every time")


def _uids(batch: list[Arrival]) -> set[str]:
    return {arrival.header.sop_instance_uid for arrival in batch if arrival.header}


def _memory(batch: list[Arrival]) -> int:
    return sum(arrival.header.parsed.memory_bytes for arrival in batch if arrival.header)
