"""What the patient of an exam sees now, for the desk on the telephone: which page, how many pictures, which ways in.

It holds no personal data: no name, no word of the report, no picture. Whoever stands behind the clerk learns nothing.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from app.clock import Clock
from app.database import Database
from app.errors import NotFound
from app.models.states import AccessCodeKind
from app.repos.exams import exams, patients, reports
from app.repos.patient_access import codes
from app.repos.pictures import prepared
from app.services.audit.log import Action, Audit
from app.services.audit.subjects import exam_subject
from app.services.exams.listing import ExamListing


@dataclass(frozen=True)
class SeriesSeen:
    modality: str
    frames: int


@dataclass(frozen=True)
class PatientSees:
    """`held`: one page 正在核对 in place of all else. `report_status`: of the newest version patients may read.
    `pickup_until`: when the newest pick-up code that works ends; None while none works."""

    exam_id: uuid.UUID
    held: bool
    report_status: str | None
    report_version: int
    series: tuple[SeriesSeen, ...]
    in_preparation: bool
    pickup_until: datetime | None
    has_phone: bool
    has_id_number: bool


@dataclass(frozen=True, kw_only=True)
class PatientsView:
    """Changes nothing but the audit log. Raises NotFound."""

    db: Database
    clock: Clock
    audit: Audit
    listing: ExamListing

    def of(self, exam_id: uuid.UUID, actor: str) -> PatientSees:
        """Raises NotFound."""
        with self.db.read() as session:
            exam = exams.exam(session, exam_id)
            if exam is None:
                raise NotFound
            patient = patients.patient(session, exam.patient_id)
            report = reports.latest_released_report(session, exam_id)
            shown = prepared.shown_to_patients(session, exam_id)
            now = self.clock.now()
            ends = [
                row.expires_at
                for row in codes.codes_of(session, exam_id, AccessCodeKind.PICKUP)
                if row.revoked_at is None and row.expires_at is not None and row.expires_at > now
            ]
        with self.db.session() as session:
            self.audit.record(session, Action.STAFF_VIEWED_AS_PATIENT, actor=actor, subject=exam_subject(exam_id))
        held = exam.held_at is not None
        return PatientSees(
            exam_id=exam_id,
            held=held,
            report_status=report.status if report and not held else None,
            report_version=report.version if report and not held else 0,
            series=tuple(SeriesSeen(series.modality, series.frame_count) for series, _ in shown),
            in_preparation=not held and self.listing.in_preparation(exam_id),
            pickup_until=max(ends, default=None),
            has_phone=patient.phone_hash is not None,
            has_id_number=patient.id_number_hash is not None,
        )
