"""Decides what each object of a batch is, and makes the bytes of new and refused objects durable. Writes no rows."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from sqlalchemy.orm import Session

from app.archive.keyspace import instance_object_key, quarantine_object_key
from app.archive.sealed import DataKey, SealedArchive, SealRequest, StoredObject
from app.database import Database
from app.dicom.header_fields import HeaderIdentity, ReceivedHeader
from app.dicom.part10 import HeaderLimits
from app.dicom.refusals import Refusal
from app.dicom.status import NOT_AS_PROMISED, PROCESSING_FAILURE
from app.errors import RefusedObject
from app.identity.matching import contradict
from app.identity.sealed import open_identity
from app.imaging.header.image_index import ImageIndex, ImageIndexer
from app.models import DataKeyRow
from app.repos.ingest import known as repo
from app.repos.ingest import quarantine
from app.repos.ingest.known import KnownInstance
from app.security.fields import FieldSealer
from app.services.archive.data_keys import DataKeys
from app.services.archive.stored_twin import holds_the_same, is_whole
from app.services.ingest.incoming import Conflicting, Duplicate, IncomingObject, Outcome, Refused, Stored
from app.services.ingest.rejections import newly_rejected

OBJECT_VERSION = 1
CONFLICT = RefusedObject(Refusal.OTHER_CONTENT, PROCESSING_FAILURE)
OTHER_STUDY = RefusedObject(Refusal.OTHER_STUDY, NOT_AS_PROMISED)
OTHER_PATIENT = RefusedObject(Refusal.OTHER_PATIENT, NOT_AS_PROMISED)
_READ_BYTES = 65536
_Kind = TypeVar("_Kind", bound=Outcome)


@dataclass(frozen=True)
class ExaminedObject:
    """A received object with its header, or with the fault that keeps it out."""

    source: IncomingObject
    header: ReceivedHeader | None = None
    fault: RefusedObject | None = None


@dataclass
class PlannedStudy:
    """The study of an instance: a known one, or a new one. A new one has a key whose row is not written yet."""

    id: uuid.UUID
    key: DataKey
    identity: HeaderIdentity
    key_row: DataKeyRow | None = None


@dataclass
class PlannedInstance:
    """A new instance. `stored` is set when its bytes are durable."""

    id: uuid.UUID
    source: IncomingObject
    header: ReceivedHeader
    study: PlannedStudy
    image: ImageIndex
    object_key: str
    stored: StoredObject | None = None

    @property
    def key(self) -> DataKey:
        return self.study.key


@dataclass
class PlannedQuarantine:
    """An object for quarantine, with its own data key."""

    id: uuid.UUID
    source: IncomingObject
    fault: RefusedObject
    header: ReceivedHeader | None
    sha256: bytes
    key: DataKey
    key_row: DataKeyRow
    object_key: str
    stored: StoredObject | None = None


@dataclass(frozen=True)
class PlannedRepair:
    """A stored instance whose object is damaged or gone. The same bytes were sent again and replace it."""

    twin: KnownInstance
    source: IncomingObject
    key: DataKey


@dataclass
class Plan:
    """What to do with a batch. `studies`: known and new ones, by UID."""

    outcomes: list[Outcome] = field(default_factory=list)
    instances: list[PlannedInstance] = field(default_factory=list)
    quarantined: list[PlannedQuarantine] = field(default_factory=list)
    repairs: list[PlannedRepair] = field(default_factory=list)
    studies: dict[str, PlannedStudy] = field(default_factory=dict)
    series: dict[str, tuple[uuid.UUID, uuid.UUID]] = field(default_factory=dict)
    """Series UID -> (series id, study id), for series that have a row already."""
    new_series: dict[str, str] = field(default_factory=dict)
    """Series UID -> study UID, for series that are new in this batch."""
    rejections: dict[uuid.UUID, set[str]] = field(default_factory=dict)
    """Study id -> SOP Instance UIDs that the rejection notes of this batch name for the first time."""

    def object_keys(self) -> list[str]:
        """The keys of the objects that no row names yet."""
        return [item.object_key for item in self.instances] + [item.object_key for item in self.quarantined]


@dataclass(frozen=True, kw_only=True)
class Planner:
    """Decides what a received object is: new, known, a repair of a damaged one, or refused. Raises StoreUnavailable."""

    db: Database
    archive: SealedArchive
    data_keys: DataKeys
    fields: FieldSealer
    index_image: ImageIndexer
    spool: Path
    """The folder for large objects, in clear text, while they are compared."""
    limits: HeaderLimits

    def plan(self, batch: list[ExaminedObject]) -> Plan:
        """Sort the batch into new, known and refused objects. Store the bytes of the new and the refused ones."""
        plan = Plan()
        headers = [arrival.header for arrival in batch if arrival.header]
        with self.db.read() as session:
            known = repo.known_instances(session, {header.sop_instance_uid for header in headers})
            self._look_up(session, plan, headers)
            for arrival in batch:
                plan.outcomes.append(self._place(session, plan, arrival, known))
        self._store(plan)
        return plan

    def _look_up(self, session: Session, plan: Plan, headers: list[ReceivedHeader]) -> None:
        for uid, study in repo.known_studies(session, {header.study_instance_uid for header in headers}).items():
            identity = open_identity(self.fields, study.identity_sealed)
            plan.studies[uid] = PlannedStudy(study.id, self.data_keys.open(session, study.data_key_id), identity)
        found = repo.known_series(session, {header.series_instance_uid for header in headers})
        plan.series = {uid: (series.id, series.study_id) for uid, series in found.items()}

    def _place(self, session: Session, plan: Plan, arrival: ExaminedObject, known: dict[str, KnownInstance]) -> Outcome:
        header = arrival.header
        if arrival.fault is not None:
            return self._refuse(session, plan, arrival, arrival.fault)
        assert header is not None
        twin = known.get(header.sop_instance_uid)
        if twin is not None:
            same = self._is_the_same(plan, arrival, header, twin)
            return _outcome(Duplicate, arrival) if same else self._refuse(session, plan, arrival, CONFLICT)
        fault = _misplaced(plan, header)
        if fault is not None:
            return self._refuse(session, plan, arrival, fault)
        study = plan.studies.get(header.study_instance_uid)
        if study is None:
            key, row = self.data_keys.mint()
            study = plan.studies[header.study_instance_uid] = PlannedStudy(uuid.uuid4(), key, header.identity, row)
        if header.series_instance_uid not in plan.series:
            plan.new_series[header.series_instance_uid] = header.study_instance_uid
        if header.rejects:
            planned = plan.rejections.setdefault(study.id, set())
            planned |= newly_rejected(session, study.id, header.rejects, planned)
        image = self.index_image(arrival.source.file, header.parsed)
        instance_id = uuid.uuid4()
        object_key = instance_object_key(study.id, instance_id)
        plan.instances.append(PlannedInstance(instance_id, arrival.source, header, study, image, object_key))
        return _outcome(Stored, arrival)

    def _is_the_same(self, plan: Plan, arrival: ExaminedObject, header: ReceivedHeader, twin: KnownInstance) -> bool:
        """Whether the object is the stored instance again: the same bytes, or other bytes with the same content (it may
        come through another door). The same bytes also repair a stored object that is damaged or gone."""
        study = plan.studies.get(header.study_instance_uid)
        if study is None or study.id != twin.study_id:
            return False
        if sha256_of(arrival.source.file) != twin.sha256:
            return holds_the_same(self.archive, twin, study.key, arrival.source.file, self.limits, self.spool)
        if not is_whole(self.archive, twin, study.key):
            plan.repairs.append(PlannedRepair(twin, arrival.source, study.key))
        return True

    def _refuse(self, session: Session, plan: Plan, arrival: ExaminedObject, fault: RefusedObject) -> Outcome:
        digest = sha256_of(arrival.source.file)
        kind = Conflicting if fault is CONFLICT else Refused
        outcome = _outcome(kind, arrival, reason=fault.reason, dicom_code=fault.dicom_code)
        # Devices send refused bytes again for days: they are kept only once, so that they do not fill the disk.
        in_plan = any((item.sha256, item.fault.reason) == (digest, fault.reason) for item in plan.quarantined)
        if not in_plan and (digest, fault.reason) not in quarantine.by_content(session, {digest}):
            item_id, (key, row) = uuid.uuid4(), self.data_keys.mint()
            object_key = quarantine_object_key(item_id)
            plan.quarantined.append(
                PlannedQuarantine(item_id, arrival.source, fault, arrival.header, digest, key, row, object_key)
            )
        return outcome

    def _store(self, plan: Plan) -> None:
        """Store the bytes of the whole batch, with one wait for the disk."""
        items: list[PlannedInstance | PlannedQuarantine] = [*plan.instances, *plan.quarantined]
        requests = [SealRequest(item.object_key, OBJECT_VERSION, item.key, pieces(item.source.file)) for item in items]
        requests += [
            SealRequest(item.twin.object_key, item.twin.object_version, item.key, pieces(item.source.file))
            for item in plan.repairs
        ]
        for item, stored in zip(items, self.archive.put_many(requests), strict=False):
            item.stored = stored


def pieces(file: BinaryIO) -> Iterator[bytes]:
    """The pieces of the file, from its start."""
    file.seek(0)
    while piece := file.read(_READ_BYTES):
        yield piece


def sha256_of(file: BinaryIO) -> bytes:
    digest = hashlib.sha256()
    for piece in pieces(file):
        digest.update(piece)
    return digest.digest()


def _misplaced(plan: Plan, header: ReceivedHeader) -> RefusedObject | None:
    """The fault of an object that contradicts its series or study. It goes to quarantine, and a human looks at it."""
    study = plan.studies.get(header.study_instance_uid)
    series = plan.series.get(header.series_instance_uid)
    if series is not None and (study is None or study.id != series[1]):
        return OTHER_STUDY
    if plan.new_series.get(header.series_instance_uid, header.study_instance_uid) != header.study_instance_uid:
        return OTHER_STUDY
    if study is not None and contradict(study.identity, header.identity):
        return OTHER_PATIENT
    return None


def _outcome(kind: type[_Kind], arrival: ExaminedObject, **more: Any) -> _Kind:
    header = arrival.header
    if header is None:
        return kind(name=arrival.source.name, **more)
    return kind(
        name=arrival.source.name,
        sop_class_uid=header.sop_class_uid,
        sop_instance_uid=header.sop_instance_uid,
        study_instance_uid=header.study_instance_uid,
        series_instance_uid=header.series_instance_uid,
        **more,
    )
