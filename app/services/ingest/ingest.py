"""Takes received objects into the archive. All doors use it. Header checks are in app/dicom/header_fields.py; they run
in child processes (app/imaging/sandbox), so nothing of an object is parsed here.

A batch goes through four steps: it is planned (what is new, known or contradictory), its bytes are sealed and made
durable, one transaction writes all rows, the outcomes are returned. So an acknowledged object is never lost. The
database is not locked while bytes are written. When another process stores the same object first, a unique constraint
fails, and the batch is planned again.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import closing
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError

from app.archive.sealed import SealedArchive
from app.database import Database
from app.dicom.header_fields import ReceivedHeader
from app.dicom.refusals import Refusal
from app.dicom.rejection_notes import MOST_REJECTED
from app.dicom.status import MIB, NOT_AS_PROMISED
from app.errors import Conflict, NotFound, RefusedObject, StoreUnavailable
from app.imaging.errors import ChildUnavailable
from app.imaging.header.examined import Examined, HeaderReader
from app.services.ingest.incoming import DoorName, IncomingObject, Outcome, Reception
from app.services.ingest.plan import Planner
from app.services.ingest.planned import ExaminedObject
from app.services.ingest.rows import Recorder

_BATCH_OBJECTS = 64
_BATCH_HEADER_BYTES = 8 * MIB
_ATTEMPTS = 8
NOT_AS_DECLARED = RefusedObject(Refusal.NOT_AS_ANNOUNCED, NOT_AS_PROMISED)


@dataclass(frozen=True, kw_only=True)
class Ingest:
    """Decides when received objects are acknowledged. `planner` decides what each object is. Raises
    StoreUnavailable."""

    db: Database
    archive: SealedArchive
    reader: HeaderReader
    planner: Planner
    recorder: Recorder

    def receive(
        self, sources: Iterable[IncomingObject], door: DoorName, actor: str, *, is_demo: bool = False
    ) -> list[Outcome]:
        """Take objects in. The outcomes are in the order of `sources`, and all are durable on return.

        Raises StoreUnavailable when nothing more can be read or written. Then no object may be acknowledged. Some may
        be stored already; to send them again is harmless.
        """
        reception = Reception(door=door, actor=actor, is_demo=is_demo)
        with closing(self._batches(list(sources))) as batches:
            return [outcome for batch in batches for outcome in self._take(batch, reception)]

    def _batches(self, sources: list[IncomingObject]) -> Generator[list[ExaminedObject]]:
        """Batches limited in objects and in bytes of headers, which stay in memory until their batch is stored."""
        batch: list[ExaminedObject] = []
        with closing(self._examined(sources)) as arrivals:
            for arrival in arrivals:
                if arrival.header and _must_wait(arrival.header, batch):
                    yield batch
                    batch = []
                batch.append(arrival)
                if len(batch) == _BATCH_OBJECTS or sum(each.size for each in batch) >= _BATCH_HEADER_BYTES:
                    yield batch
                    batch = []
        if batch:
            yield batch

    def _examined(self, sources: list[IncomingObject]) -> Generator[ExaminedObject]:
        """The next objects are read while the caller has one."""
        with closing(self.reader.examine_all(source.file for source in sources if source.fault is None)) as read:
            for source in sources:
                if source.fault is not None:
                    yield ExaminedObject(source, fault=source.fault)
                    continue
                try:
                    yield _judged(source, next(read))
                except ChildUnavailable as error:
                    raise StoreUnavailable("no header can be read now") from error

    def _take(self, batch: list[ExaminedObject], reception: Reception) -> list[Outcome]:
        for _ in range(_ATTEMPTS):
            plan = self.planner.plan(batch)
            try:
                with self.db.session() as session:
                    self.recorder.record(session, plan, reception)
            except (IntegrityError, NotFound, Conflict):
                # The transaction was surely rolled back, so no row names these objects. After any other error this is
                # unknown.
                for object_key in plan.object_keys():
                    self.archive.store.delete(object_key)
            else:
                return plan.outcomes
        raise StoreUnavailable("other writers were faster every time")


def _must_wait(header: ReceivedHeader, batch: list[ExaminedObject]) -> bool:
    """Whether the batch must be stored before this object. A second object of the same UID must find the first one
    stored. And rejection notes of one commit name at most as many instances as one note may."""
    headers = [arrival.header for arrival in batch if arrival.header]
    rejects = len(header.rejects) + sum(len(each.rejects) for each in headers)
    return header.sop_instance_uid in {each.sop_instance_uid for each in headers} or (
        bool(batch) and rejects > MOST_REJECTED
    )


def _judged(source: IncomingObject, found: Examined | RefusedObject) -> ExaminedObject:
    if isinstance(found, RefusedObject):
        return ExaminedObject(source, fault=found)
    fault = None if found.header.is_as(source.declared) else NOT_AS_DECLARED
    return ExaminedObject(source, found.header, fault, found.image, found.size)
