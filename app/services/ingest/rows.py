"""Writes the rows and audit events of a planned batch. The bytes are durable already. Nothing here commits."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.clock import Clock
from app.errors import NotFound
from app.identity.names import normal_id
from app.identity.sealed import seal_identity
from app.models import QuarantineItem, Series, Study
from app.models.states import StudyState
from app.repos.exams.revision import raise_exam_revision
from app.repos.ingest import known as repo
from app.repos.ingest import studies
from app.security.blind_index import BlindIndex
from app.security.fields import FieldSealer
from app.services.audit.log import Action, Audit
from app.services.audit.subjects import instance_subject, quarantine_subject, study_subject
from app.services.ingest.incoming import DoorName
from app.services.ingest.plan import (
    OBJECT_VERSION,
    OTHER_PATIENT,
    Plan,
    PlannedInstance,
    PlannedQuarantine,
    PlannedStudy,
)
from app.services.ingest.rejections import reject

StudyHook = Callable[[Session, Study], None]


@dataclass(frozen=True)
class Reception:
    """How objects came in. `actor`: the sender, for the audit log."""

    door: DoorName
    actor: str
    is_demo: bool = False


@dataclass(frozen=True, kw_only=True)
class Recorder:
    """Decides which rows a planned batch becomes. Raises NotFound when a study was removed meanwhile.

    Both hooks are called inside the transaction: `study_changed` once for each study that got instances,
    `patients_differ` for each study that got an object of another patient (this object is in quarantine).
    """

    fields: FieldSealer
    blind: BlindIndex
    audit: Audit
    clock: Clock
    study_changed: StudyHook
    patients_differ: StudyHook

    def record(self, session: Session, plan: Plan, reception: Reception) -> None:
        """Add all rows of the plan. An IntegrityError means that another process stored a part of it first."""
        now = self.clock.now()
        changed = self._studies(session, plan, now, reception)
        series_ids = self._series(session, plan)
        repo.add_instances(session, [_instance(item, series_ids, now) for item in plan.instances])
        session.add_all(item.key_row for item in plan.quarantined)
        session.flush()
        session.add_all(_quarantine_item(item, now, reception) for item in plan.quarantined)
        session.flush()
        self._audit(session, plan, reception)
        self._hold(session, plan)
        for study in changed:
            self.study_changed(session, study)
        self._reject(session, plan, changed, now, reception)

    def _studies(self, session: Session, plan: Plan, now: datetime, reception: Reception) -> list[Study]:
        firsts = {item.study.id: item for item in reversed(plan.instances)}
        session.add_all(item.study.key_row for item in firsts.values() if item.study.key_row)
        session.flush()
        changed = []
        for first in firsts.values():
            study = (
                self._new_study(first, now, reception)
                if first.study.key_row
                else self._grown_study(session, first.study)
            )
            study.last_instance_at = now
            session.add(study)
            changed.append(study)
        session.flush()
        return changed

    def _hold(self, session: Session, plan: Plan) -> None:
        """A study got an object of another patient: a human decides which patient is right."""
        uids = {
            item.header.study_instance_uid for item in plan.quarantined if item.header and item.fault is OTHER_PATIENT
        }
        for study in studies.by_uid(session, uids).values() if uids else ():
            self.patients_differ(session, study)

    def _reject(self, session: Session, plan: Plan, changed: list[Study], now: datetime, reception: Reception) -> None:
        for study in changed:
            uids = plan.rejections.get(study.id)
            if not uids:
                continue
            reject(session, study, uids, now)
            subject = study_subject(study.study_instance_uid)
            self.audit.record(
                session, Action.INSTANCES_REJECTED, actor=reception.actor, subject=subject, count=len(uids)
            )
            if study.exam_id is not None:
                raise_exam_revision(session, study.exam_id)

    def _new_study(self, first: PlannedInstance, now: datetime, reception: Reception) -> Study:
        header = first.header
        patient_id = header.identity.patient_id
        return Study(
            id=first.study.id,
            study_instance_uid=header.study_instance_uid,
            accession_number=header.accession_number,
            patient_id_hash=self.blind.of("patient.patient_id", normal_id(patient_id)) if patient_id else None,
            identity_sealed=seal_identity(self.fields, header.identity),
            attributes=header.study_attributes,
            data_key_id=first.study.key.id,
            is_demo=reception.is_demo,
            created_at=now,
        )

    def _grown_study(self, session: Session, planned: PlannedStudy) -> Study:
        study = studies.lock(session, planned.id)
        if study is None:
            raise NotFound("the study was removed while its objects arrived")
        if study.state != StudyState.RECEIVING:
            study.state = StudyState.RECEIVING
            study.revision += 1
        return study

    def _series(self, session: Session, plan: Plan) -> dict[str, uuid.UUID]:
        ids = {uid: series_id for uid, (series_id, _) in plan.series.items()}
        for item in plan.instances:
            header = item.header
            if header.series_instance_uid in ids:
                continue
            series = Series(
                id=uuid.uuid4(),
                study_id=item.study.id,
                series_instance_uid=header.series_instance_uid,
                modality=header.modality,
                series_number=header.series_number,
                description=header.series_description,
                attributes=header.series_attributes,
            )
            session.add(series)
            ids[header.series_instance_uid] = series.id
        session.flush()
        return ids

    def _audit(self, session: Session, plan: Plan, reception: Reception) -> None:
        counts = Counter(item.header.study_instance_uid for item in plan.instances)
        for uid, count in counts.items():
            subject = study_subject(uid)
            self.audit.record(
                session,
                Action.INSTANCES_STORED,
                actor=reception.actor,
                subject=subject,
                door=reception.door,
                count=count,
            )
        for item in plan.quarantined:
            self.audit.record(
                session,
                Action.INSTANCE_QUARANTINED,
                actor=reception.actor,
                subject=quarantine_subject(item.id),
                door=reception.door,
                reason=item.fault.reason,
            )
        for repair in plan.repairs:
            subject = instance_subject(repair.twin.sop_instance_uid)
            self.audit.record(
                session, Action.INSTANCE_REPAIRED, actor=reception.actor, subject=subject, door=reception.door
            )


def _instance(item: PlannedInstance, series_ids: dict[str, uuid.UUID], now: datetime) -> dict[str, Any]:
    assert item.stored is not None
    header = item.header
    return {
        "id": item.id,
        "series_id": series_ids[header.series_instance_uid],
        "study_id": item.study.id,
        "sop_instance_uid": header.sop_instance_uid,
        "sop_class_uid": header.sop_class_uid,
        "transfer_syntax_uid": header.transfer_syntax_uid,
        "instance_number": header.instance_number,
        "object_key": item.object_key,
        "object_version": OBJECT_VERSION,
        "size": item.stored.size,
        "sha256": bytes.fromhex(item.stored.sha256),
        "pixel_offset": header.pixel_offset,
        "number_of_frames": item.image.number_of_frames,
        "image_header": item.image.header,
        "frame_index": item.image.frames,
        "not_shown_reason": item.image.not_shown_reason,
        "not_shown_note": item.image.not_shown_note,
        "received_at": now,
    }


def _quarantine_item(item: PlannedQuarantine, now: datetime, reception: Reception) -> QuarantineItem:
    assert item.stored is not None
    return QuarantineItem(
        id=item.id,
        received_at=now,
        door=reception.door,
        reason=item.fault.reason,
        sop_instance_uid=item.header.sop_instance_uid if item.header else None,
        sha256=item.sha256,
        size=item.stored.size,
        object_key=item.object_key,
        object_version=OBJECT_VERSION,
        data_key_id=item.key.id,
    )
