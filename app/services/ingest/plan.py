"""Decides what each object of a batch is, and makes the bytes of new and refused objects durable. Writes no rows."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from sqlalchemy.orm import Session

from app.archive.keyspace import instance_object_key, quarantine_object_key
from app.archive.sealed import SealedArchive, SealRequest
from app.database import Database
from app.dicom.header_fields import ReceivedHeader
from app.dicom.refusals import Refusal
from app.dicom.same_content import Likeness
from app.dicom.status import NOT_AS_PROMISED, PROCESSING_FAILURE
from app.errors import RefusedObject
from app.identity.matching import contradict
from app.identity.sealed import open_identity
from app.imaging.header.examined import HeaderReader
from app.models.study import keys_naming
from app.repos.ingest import known as repo
from app.repos.ingest import quarantine, versions
from app.repos.ingest.known import KnownInstance
from app.security.fields import FieldSealer
from app.services.archive.data_keys import DataKeys
from app.services.archive.same_pixels import PixelComparison
from app.services.archive.stored_twin import compared, is_whole
from app.services.ingest.incoming import Conflicting, Duplicate, Outcome, Refused, Stored, Superseding
from app.services.ingest.planned import (
    OBJECT_VERSION,
    ExaminedObject,
    Plan,
    PlannedInstance,
    PlannedQuarantine,
    PlannedRepair,
    PlannedStudy,
    PlannedVersion,
)
from app.services.ingest.rejections import newly_rejected

CONFLICT = RefusedObject(Refusal.OTHER_CONTENT, PROCESSING_FAILURE)
MOST_VERSIONS = 20
"""Of one instance. Two senders that take turns with two headers fill no disk."""
OTHER_STUDY = RefusedObject(Refusal.OTHER_STUDY, NOT_AS_PROMISED)
OTHER_PATIENT = RefusedObject(Refusal.OTHER_PATIENT, NOT_AS_PROMISED)
_READ_BYTES = 65536
_Kind = TypeVar("_Kind", bound=Outcome)


@dataclass(frozen=True, kw_only=True)
class Planner:
    """Decides what a received object is: new, known, a repair of a damaged one, or refused. Raises StoreUnavailable."""

    db: Database
    archive: SealedArchive
    data_keys: DataKeys
    fields: FieldSealer
    spool: Path
    """The folder for large objects, in clear text, while they are compared."""
    reader: HeaderReader
    same_pixels: PixelComparison

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
        studies = repo.known_studies(session, {header.study_instance_uid for header in headers})
        numbers = repo.known_orders(session, [study.id for study in studies.values()])
        for uid, study in studies.items():
            identity = open_identity(self.fields, study)
            orders = frozenset[str]().union(*map(keys_naming, numbers.get(study.id, ())))
            plan.studies[uid] = PlannedStudy(
                study.id, self.data_keys.open(session, study.data_key_id), identity, orders
            )
        found = repo.known_series(session, {header.series_instance_uid for header in headers})
        plan.series = {uid: (series.id, series.study_id) for uid, series in found.items()}

    def _place(self, session: Session, plan: Plan, arrival: ExaminedObject, known: dict[str, KnownInstance]) -> Outcome:
        header = arrival.header
        if arrival.fault is not None:
            return self._refuse(session, plan, arrival, arrival.fault)
        assert header is not None
        twin = known.get(header.sop_instance_uid)
        if twin is not None:
            return self._place_twin(session, plan, arrival, header, twin)
        fault = _misplaced(plan, header)
        is_correction = fault is OTHER_PATIENT and self._is_corrected(session, plan, header)
        if fault is not None and not is_correction:
            return self._refuse(session, plan, arrival, fault)
        study = plan.studies.get(header.study_instance_uid)
        if study is None:
            key, row = self.data_keys.mint()
            orders = frozenset[str]().union(*map(keys_naming, header.accession_numbers))
            study = PlannedStudy(uuid.uuid4(), key, header.identity, orders, row)
            plan.studies[header.study_instance_uid] = study
        if header.series_instance_uid not in plan.series:
            plan.new_series[header.series_instance_uid] = header.study_instance_uid
        self._note_rejections(session, plan, study, header)
        instance_id = uuid.uuid4()
        object_key = instance_object_key(study.id, instance_id)
        plan.instances.append(
            PlannedInstance(instance_id, arrival.source, header, study, arrival.image, object_key, is_correction)
        )
        return _outcome(Stored, arrival)

    def _note_rejections(self, session: Session, plan: Plan, study: PlannedStudy, header: ReceivedHeader) -> None:
        if header.rejects:
            planned = plan.rejections.setdefault(study.id, set())
            planned |= newly_rejected(session, study.id, header.rejects, planned)

    def _place_twin(
        self, session: Session, plan: Plan, arrival: ExaminedObject, header: ReceivedHeader, twin: KnownInstance
    ) -> Outcome:
        """The stored instance again: its very bytes, or others of the same content, as when it came through another
        door; a new version of it; or a conflict. The very bytes also repair a stored object that is damaged or gone."""
        study = plan.studies.get(header.study_instance_uid)
        if study is None or study.id != twin.study_id:
            return self._refuse(session, plan, arrival, CONFLICT)
        file = arrival.source.file
        if sha256_of(file) == twin.sha256:
            if not is_whole(self.archive, twin, study.key):
                plan.repairs.append(PlannedRepair(twin, arrival.source, study.key))
            return _outcome(Duplicate, arrival)
        found = compared(self.archive, twin, study.key, file, self.reader, self.spool, self.same_pixels)
        if found.likeness == Likeness.SAME:
            return _outcome(Duplicate, arrival)
        in_its_series = plan.series.get(header.series_instance_uid) == (twin.series_id, twin.study_id)
        if found.likeness != Likeness.SAME_PIXELS or not in_its_series or twin.version >= MOST_VERSIONS:
            return self._refuse(session, plan, arrival, CONFLICT)
        self._note_rejections(session, plan, study, header)
        object_key = instance_object_key(study.id, uuid.uuid4())
        version = PlannedVersion(twin, arrival.source, header, found.former, study, arrival.image, object_key)
        plan.versions.append(version)
        return _outcome(Superseding, arrival)

    def _is_corrected(self, session: Session, plan: Plan, header: ReceivedHeader) -> bool:
        """An object that names another patient than its study belongs to it all the same when each header that still
        says otherwise was corrected or rejected: then the study is of another patient than its row says."""
        study = plan.studies[header.study_instance_uid]
        if study.key_row is not None:
            return False  # new in this batch, with the header it was made from
        settled = {item.header.sop_instance_uid for item in plan.versions if item.study is study and item.is_correction}
        settled |= plan.rejections.get(study.id, set())
        said_otherwise = versions.not_corrected(session, study.id, len(settled) + 1)
        return set(said_otherwise) <= settled

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
        items: list[PlannedInstance | PlannedVersion | PlannedQuarantine] = [
            *plan.instances,
            *plan.versions,
            *plan.quarantined,
        ]
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
