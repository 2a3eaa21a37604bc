"""Takes received objects into the archive: one use case behind every door. Header checks are in `header_fields`.

A batch is planned (what is new, known, contradictory), its bytes are sealed and made durable, then one transaction
writes all rows, and only then the outcomes are returned: an acknowledged object is never lost. Nothing locks the
database while bytes are written; when another process was faster, a unique constraint says so and the batch is planned
again, now seeing what the other stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from sqlalchemy.exc import IntegrityError

from app.archive.sealed import SealedArchive
from app.database import Database
from app.dicom import header_fields
from app.dicom.header_fields import ReceivedHeader
from app.dicom.part10 import HeaderLimits
from app.dicom.refusals import Refusal
from app.dicom.rejection_notes import MOST_REJECTED
from app.dicom.status import MIB, NOT_AS_PROMISED
from app.errors import NotFound, RefusedObject, StoreUnavailable
from app.services.ingest.incoming import DoorName, IncomingObject, Outcome
from app.services.ingest.plan import ExaminedObject, Planner
from app.services.ingest.rows import Reception, Recorder

_BATCH_OBJECTS = 64
_BATCH_HEADER_BYTES = 32 * MIB
_ATTEMPTS = 8
NOT_AS_DECLARED = RefusedObject(Refusal.NOT_AS_ANNOUNCED, NOT_AS_PROMISED)


@dataclass(frozen=True, kw_only=True)
class Ingest:
    """Decides when received objects are acknowledged. What each is, `planner` decides. Raises StoreUnavailable."""

    db: Database
    archive: SealedArchive
    planner: Planner
    recorder: Recorder
    limits: HeaderLimits = field(default_factory=HeaderLimits)

    def receive(
        self, sources: Iterable[IncomingObject], door: DoorName, actor: str, *, is_demo: bool = False
    ) -> list[Outcome]:
        """Take objects in; outcomes come in the order of `sources`, all durable on return.

        Raises StoreUnavailable when nothing more can be written; then none of the objects may be acknowledged, though
        some may be stored (sending them again is harmless).
        """
        reception = Reception(door=door, actor=actor, is_demo=is_demo)
        return [outcome for batch in self._batches(sources) for outcome in self._take(batch, reception)]

    def _batches(self, sources: Iterable[IncomingObject]) -> Iterator[list[ExaminedObject]]:
        """Their headers are in memory until the batch is stored: small files may inflate to large ones."""
        batch: list[ExaminedObject] = []
        for source in sources:
            arrival = self._examine(source)
            if arrival.header and _must_wait(arrival.header, batch):
                yield batch
                batch.clear()
            batch.append(arrival)
            del arrival
            if len(batch) == _BATCH_OBJECTS or _memory(batch) >= _BATCH_HEADER_BYTES:
                yield batch
                batch.clear()
        if batch:
            yield batch

    def _examine(self, source: IncomingObject) -> ExaminedObject:
        if source.fault is not None:
            return ExaminedObject(source, fault=source.fault)
        try:
            header = header_fields.read(source.file, self.limits)
        except RefusedObject as fault:
            return ExaminedObject(source, fault=fault)
        return ExaminedObject(source, header, None if header.is_as(source.declared) else NOT_AS_DECLARED)

    def _take(self, batch: list[ExaminedObject], reception: Reception) -> list[Outcome]:
        for _ in range(_ATTEMPTS):
            plan = self.planner.plan(batch)
            try:
                with self.db.session() as session:
                    self.recorder.record(session, plan, reception)
            except (IntegrityError, NotFound):
                # Rolled back for certain, so no row names these objects; after any other error that is unknown.
                for object_key in plan.object_keys():
                    self.archive.store.delete(object_key)
            else:
                return plan.outcomes
        raise StoreUnavailable("other writers were faster every time")


def _must_wait(header: ReceivedHeader, batch: list[ExaminedObject]) -> bool:
    """A second object of the same UID must find the first one stored; and what rejection notes name of all studies is
    bounded a commit as it is a note."""
    headers = [arrival.header for arrival in batch if arrival.header]
    rejects = len(header.rejects) + sum(len(each.rejects) for each in headers)
    return header.sop_instance_uid in {each.sop_instance_uid for each in headers} or (
        bool(batch) and rejects > MOST_REJECTED
    )


def _memory(batch: list[ExaminedObject]) -> int:
    return sum(arrival.header.parsed.memory_bytes for arrival in batch if arrival.header)
