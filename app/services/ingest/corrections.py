"""Headers that were corrected and sent again: new versions of stored instances, and studies that are of another patient
since. Why: docs/adr/0015.

Which object is a new version, `plan` decides. Whether a corrected study belongs to an exam, services/exams decides.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.orm import Session

from app.dicom.header_fields import HeaderIdentity, ReceivedHeader
from app.errors import Conflict
from app.identity.matching import PatientField, contradict
from app.identity.names import normal_id
from app.identity.sealed import open_corrected, open_identity, seal_corrected, seal_identity
from app.models import Study
from app.repos.exams import orders as study_orders
from app.repos.ingest import versions as repo
from app.repos.ingest.versions import CorrectedHeader
from app.security.blind_index import BlindIndex
from app.security.fields import FieldSealer
from app.services.audit.log import Action, Audit
from app.services.audit.subjects import instance_subject, study_subject
from app.services.ingest.incoming import Reception
from app.services.ingest.orders import replace_orders
from app.services.ingest.planned import OBJECT_VERSION, Plan, PlannedObject, PlannedVersion

ACCESSION_NUMBER = "accession_number"


class CorrectionFollower(Protocol):
    """What follows elsewhere, in the transaction that stores the corrected headers."""

    def study_corrected(self, session: Session, study: Study, former: Collection[str]) -> None:
        """All headers of the study say the same again, and it is another thing than before. `former`: the accession
        numbers of the orders that they name no more."""

    def correction_undone(self, session: Session, study: Study) -> None:
        """All headers of the study say the same again, and it is what they said at first."""

    def partly_corrected(self, session: Session, study: Study) -> None:
        """Some headers of the study name another patient or order than the others do."""


@dataclass(frozen=True, kw_only=True)
class Corrections:
    """Decides when a study is of the patient whom its corrected headers name: when no header is left that says
    otherwise. Until then the study keeps its row, and no patient sees it if the two differ. Raises Conflict.
    """

    fields: FieldSealer
    blind: BlindIndex
    audit: Audit
    follower: CorrectionFollower

    def supersede(self, session: Session, plan: Plan, now: datetime, reception: Reception) -> None:
        """Record the new versions of a batch. Raises Conflict when another process was faster with one of them."""
        for item in plan.versions:
            header, is_correction = item.header, item.is_correction
            values = instance_values(item, now) | {
                "corrected_identity_sealed": (
                    seal_corrected(self.fields, header.identity, item.replaces.id) if is_correction else None
                ),
                "corrected_accession_numbers": list(header.accession_numbers) if is_correction else None,
            }
            if not repo.supersede(session, item.replaces, values, now):
                raise Conflict("another version was faster")
            repo.describe_series(session, item.replaces.series_id, _series_values(header))
            self.audit.record(
                session,
                Action.INSTANCE_SUPERSEDED,
                actor=reception.actor,
                subject=instance_subject(header.sop_instance_uid),
                door=reception.door,
                version=item.replaces.version + 1,
                fields=_changed(item.former, header),
            )

    def settle(self, session: Session, study: Study, plan: Plan, reception: Reception) -> None:
        """Look at a study that got new versions, corrected objects or rejections."""
        batch = plan.taken_into(study.id)
        if not repo.has_corrected(session, study.id):
            if any(isinstance(item, PlannedVersion) and item.replaces.corrected_identity_sealed for item in batch):
                self.follower.correction_undone(session, study)
            return
        said = open_identity(self.fields, study)
        if repo.not_corrected(session, study.id, 1):
            if any(contradict(said, item.header.identity) for item in batch if item.is_correction):
                self.follower.partly_corrected(session, study)
            return
        headers = repo.corrected(session, study.id)
        if not headers:
            return  # what was corrected is rejected by now
        named = [open_corrected(self.fields, header.identity_sealed, header.instance_id) for header in headers]
        identities = list(dict.fromkeys(named))
        if _disagree(headers) or any(contradict(identities[0], other) for other in identities[1:]):
            self.follower.partly_corrected(session, study)
            return
        numbers = list(dict.fromkeys(number for header in headers for number in header.accession_numbers))
        self._take_over(session, study, said, identities[0], numbers, batch, reception)

    def _take_over(
        self,
        session: Session,
        study: Study,
        former: HeaderIdentity,
        identity: HeaderIdentity,
        numbers: list[str],
        batch: list[PlannedObject],
        reception: Reception,
    ) -> None:
        patient_id = normal_id(identity.patient_id)
        study.identity_sealed = seal_identity(self.fields, identity, study.id)
        before = set(study_orders.of_study(session, study.id))
        former_numbers = replace_orders(session, study, numbers)
        is_moved = before != set(study_orders.of_study(session, study.id))
        study.patient_id_hash = self.blind.of("patient.patient_id", patient_id) if patient_id else None
        for item in batch:
            if item.is_correction:
                study.attributes = item.header.study_attributes
        repo.all_are_corrected(session, study.id)
        session.flush()
        changed = _different(former, identity) + ([ACCESSION_NUMBER] if is_moved else [])
        subject = study_subject(study.study_instance_uid)
        self.audit.record(session, Action.STUDY_CORRECTED, actor=reception.actor, subject=subject, fields=changed)
        self.follower.study_corrected(session, study, former_numbers)


def instance_values(item: PlannedObject, now: datetime) -> dict[str, Any]:
    """The columns of an instance's row that a new version gives anew."""
    assert item.stored is not None
    header = item.header
    return {
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


def _changed(former: ReceivedHeader | None, header: ReceivedHeader) -> list[str]:
    """The names of what says another thing of patient and order now."""
    if former is None:
        return []
    changed = _different(former.identity, header.identity)
    return changed + ([ACCESSION_NUMBER] if former.accession_numbers != header.accession_numbers else [])


def _disagree(headers: list[CorrectedHeader]) -> bool:
    """Headers of one series name different orders. Those of two series may (PS3.3 C.7.3.1, Request Attributes)."""
    named: dict[uuid.UUID, frozenset[str]] = {}
    return any(named.setdefault(header.series_id, header.keys) != header.keys for header in headers)


def _different(one: HeaderIdentity, other: HeaderIdentity) -> list[str]:
    said = (
        (PatientField.PATIENT_ID, one.patient_id, other.patient_id),
        (PatientField.NAME, one.names, other.names),
        (PatientField.SEX, one.sex, other.sex),
        (PatientField.BIRTH_DATE, one.birth_date, other.birth_date),
    )
    return [name for name, mine, theirs in said if mine != theirs]


def _series_values(header: ReceivedHeader) -> dict[str, Any]:
    return {
        "modality": header.modality,
        "series_number": header.series_number,
        "description": header.series_description,
        "attributes": header.kept_of_series,
    }
