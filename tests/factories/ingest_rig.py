"""An ingest service on a fresh database and store in a folder."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.archive.local_store import LocalStore
from app.archive.sealed import SealedArchive
from app.archive.store import Trace
from app.clock import FrozenClock
from app.database import Database, schema
from app.imaging.header.examined import HeaderReader
from app.models import AuditEvent, Instance, InstanceVersion, QuarantineItem, Study, StudyOrder
from app.repos.audit import log as audit_rows
from app.repos.exams import orders
from app.repos.ingest import quarantine, studies, versions
from app.security.blind_index import BlindIndex
from app.security.fields import FieldSealer
from app.security.keys import MasterKeys
from app.services.archive.data_keys import DataKeys
from app.services.archive.same_pixels import PixelComparison
from app.services.audit.log import Audit
from app.services.exams.matching import Matching
from app.services.ingest.corrections import Corrections
from app.services.ingest.incoming import IncomingObject, Outcome, StudyHook
from app.services.ingest.ingest import Ingest
from app.services.ingest.plan import Planner
from app.services.ingest.rows import Recorder
from app.services.operations.archive_check import ArchiveCheck
from app.services.release.holds import Holds
from tests.factories import database
from tests.factories.headers_here import HeadersHere

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


class IngestRig:
    """`more`: reader, study_changed or same_pixels instead of the usual ones."""

    def __init__(self, folder: Path, trace: Trace = lambda event: None, **more: Any) -> None:
        self.clock = FrozenClock(NOON)
        self.db = Database(database.address(folder, "rig.db"))
        schema.upgrade(self.db)
        master = MasterKeys("k1", {"root": b"r" * 32, "k1": b"k" * 32})
        self.store = LocalStore(folder / "objects", trace)
        self.archive = SealedArchive(self.store)
        self.data_keys = DataKeys(master=master, clock=self.clock)
        self.fields = FieldSealer(master.derive("fields"))
        self.blind = BlindIndex(master.derive("blind-index"))
        self.audit = Audit(key=master.derive("audit"), clock=self.clock)
        self.matching = Matching(
            fields=self.fields, audit=self.audit, holds=Holds(db=self.db, clock=self.clock, audit=self.audit)
        )
        self.ingest = self._ingest(folder, **more)
        self.check = ArchiveCheck(db=self.db, archive=self.archive, data_keys=self.data_keys, clock=self.clock)

    def _ingest(
        self,
        folder: Path,
        *,
        reader: HeaderReader | None = None,
        study_changed: StudyHook | None = None,
        same_pixels: PixelComparison | None = None,
    ) -> Ingest:
        reader = reader or HeadersHere()
        planner = Planner(
            db=self.db,
            archive=self.archive,
            data_keys=self.data_keys,
            fields=self.fields,
            spool=folder,
            reader=reader,
            same_pixels=same_pixels or (lambda mine, other: False),
        )
        recorder = Recorder(
            fields=self.fields,
            blind=self.blind,
            audit=self.audit,
            clock=self.clock,
            study_changed=study_changed or self.matching.study_changed,
            corrections=Corrections(fields=self.fields, blind=self.blind, audit=self.audit, follower=self.matching),
            patients_differ=self.matching.header_differs,
            instances_rejected=self.matching.instances_rejected,
        )
        return Ingest(db=self.db, archive=self.archive, reader=reader, planner=planner, recorder=recorder)

    def receive(self, *files: bytes, door: str = "cli") -> list[Outcome]:
        sources = [IncomingObject(io.BytesIO(data), f"file {number}") for number, data in enumerate(files)]
        return self.ingest.receive(sources, door=door, actor="test")

    def instances(self) -> list[Instance]:
        with self.db.read() as session:
            return [instance for instance, _ in studies.sealed_instances(session)]

    def study(self, uid: str) -> Study:
        with self.db.read() as session:
            return studies.by_uid(session, {uid})[uid]

    def order(self, uid: str) -> StudyOrder:
        """The only order that the study names."""
        with self.db.read() as session:
            [found] = orders.of_study(session, self.study(uid).id)
        return found

    def quarantined(self) -> list[QuarantineItem]:
        with self.db.read() as session:
            return list(quarantine.all_items(session))

    def earlier_versions(self) -> list[InstanceVersion]:
        with self.db.read() as session:
            return sorted((version for version, _ in versions.earlier(session)), key=lambda row: row.version)

    def bytes_of(self, row: Instance | InstanceVersion | QuarantineItem) -> bytes:
        with self.db.read() as session:
            if isinstance(row, QuarantineItem):
                key_id = row.data_key_id
            elif isinstance(row, InstanceVersion):
                key_id = {item.id: key for item, key in versions.earlier(session)}[row.id]
            else:
                key_id = {item.id: key for item, key in studies.sealed_instances(session)}[row.id]
            key = self.data_keys.open(session, key_id)
        return self.archive.open(row.object_key, row.object_version, key)

    def faults(self) -> list[str]:
        return [result.fault for result in self.check.objects() if result.fault]


def audit_events(rig: IngestRig) -> list[AuditEvent]:
    with rig.db.read() as session:
        return list(audit_rows.in_order(session))
