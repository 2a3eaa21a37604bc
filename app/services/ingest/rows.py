"""Writes the rows and audit events of a planned batch. The bytes are durable already. Nothing here commits."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.clock import Clock
from app.errors import NotFound
from app.identity.matching import contradict
from app.identity.names import normal_id
from app.identity.sealed import open_identity, seal_corrected, seal_identity
from app.models import QuarantineItem, Series, Study
from app.models.states import StudyState
from app.repos.exams.revision import raise_revisions_of
from app.repos.ingest import known as repo
from app.repos.ingest import studies
from app.security.blind_index import BlindIndex
from app.security.fields import FieldSealer
from app.services.audit.log import Action, Audit
from app.services.audit.subjects import instance_subject, quarantine_subject, study_subject
from app.services.ingest.corrections import Corrections, instance_values
from app.services.ingest.incoming import Reception, StudyHook
from app.services.ingest.orders import add_orders
from app.services.ingest.plan import OTHER_PATIENT
from app.services.ingest.planned import (
    OBJECT_VERSION,
    Plan,
    PlannedInstance,
    PlannedObject,
    PlannedQuarantine,
    PlannedStudy,
)
from app.services.ingest.rejections import reject


@dataclass(frozen=True, kw_only=True)
class Recorder:
    """Decides which rows a planned batch becomes. Raises NotFound when a study was removed meanwhile.

    The hooks are called inside the transaction: `study_changed` once for each study that got instances,
    `patients_differ` for each study that got an object of another patient (this object is in quarantine),
    `instances_rejected` for each study of which a rejection note named something new.
    """

    fields: FieldSealer
    blind: BlindIndex
    audit: Audit
    clock: Clock
    corrections: Corrections
    study_changed: StudyHook
    patients_differ: StudyHook
    instances_rejected: StudyHook

    def record(self, session: Session, plan: Plan, reception: Reception) -> None:
        """Add all rows of the plan. An IntegrityError, or Conflict, means that another process stored a part of it
        first."""
        now = self.clock.now()
        changed = self._studies(session, plan, now, reception)
        series_ids = self._series(session, plan)
        # A microsecond apart, so that the order of arrival within a batch is kept.
        moments = [now + timedelta(microseconds=place) for place in range(len(plan.instances))]
        pairs = zip(plan.instances, moments, strict=True)
        repo.add_instances(session, [self._new_instance(item, series_ids, moment) for item, moment in pairs])
        self.corrections.supersede(session, plan, now, reception)
        session.add_all(item.key_row for item in plan.quarantined)
        session.flush()
        session.add_all(_quarantine_item(item, now, reception) for item in plan.quarantined)
        session.flush()
        self._audit(session, plan, reception)
        self._reject(session, plan, changed, now, reception)
        for study in changed:
            self.corrections.settle(session, study, plan, reception)
            self.study_changed(session, study)
            if plan.rejections.get(study.id):
                self.instances_rejected(session, study)
        self._hold(session, plan)

    def _studies(self, session: Session, plan: Plan, now: datetime, reception: Reception) -> list[Study]:
        firsts = {item.study.id: item for item in reversed(plan.taken())}
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
        for study in changed:
            self._orders(session, plan, study)
        return changed

    def _orders(self, session: Session, plan: Plan, study: Study) -> None:
        """What a study is of that the demo labelled, its headers do not say."""
        is_new = plan.studies[study.study_instance_uid].key_row is not None
        if is_new or not study.is_demo:
            items = [item for item in plan.taken_into(study.id) if not item.is_correction]
            add_orders(session, study, (number for item in items for number in item.header.accession_numbers))

    def _hold(self, session: Session, plan: Plan) -> None:
        """A study got an object of another patient: a human decides which patient is right. Not so when the study was
        corrected in the same batch, and the object is of the right patient: then it only came too early."""
        refused = [item.header for item in plan.quarantined if item.header and item.fault is OTHER_PATIENT]
        found = studies.by_uid(session, {header.study_instance_uid for header in refused}) if refused else {}
        for uid, study in found.items():
            named = open_identity(self.fields, study)
            if any(contradict(named, header.identity) for header in refused if header.study_instance_uid == uid):
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
            raise_revisions_of(session, study.id)

    def _new_study(self, first: PlannedObject, now: datetime, reception: Reception) -> Study:
        header = first.header
        patient_id = header.identity.patient_id
        return Study(
            id=first.study.id,
            study_instance_uid=header.study_instance_uid,
            accession_number=header.accession_number,
            patient_id_hash=self.blind.of("patient.patient_id", normal_id(patient_id)) if patient_id else None,
            identity_sealed=seal_identity(self.fields, header.identity, first.study.id),
            attributes=header.study_attributes,
            data_key_id=first.study.key.id,
            is_demo=reception.is_demo,
            created_at=now,
        )

    def _new_instance(self, item: PlannedInstance, series_ids: dict[str, uuid.UUID], now: datetime) -> dict[str, Any]:
        header, says = item.header, item.header.identity if item.is_correction else None
        return instance_values(item, now) | {
            "id": item.id,
            "series_id": series_ids[header.series_instance_uid],
            "study_id": item.study.id,
            "sop_instance_uid": header.sop_instance_uid,
            "sop_class_uid": header.sop_class_uid,
            "corrected_identity_sealed": seal_corrected(self.fields, says, item.id) if says else None,
            "corrected_accession_numbers": list(header.accession_numbers) if says else None,
        }

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
                attributes=header.kept_of_series,
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
