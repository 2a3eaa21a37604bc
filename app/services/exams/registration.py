"""Exams and reports as the RIS gives them: register, correct, add report versions, show. Sealed at rest.

Input rules are `exam_input`, whose they are `patients`, which study belongs is `matching`, who may look is
`verification`.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.clock import Clock
from app.database import Database
from app.errors import Conflict, NotFound
from app.models import Exam, Patient, Report
from app.repos.exams import exams as repo
from app.repos.pictures.prepared import raise_exam_revision
from app.security.blind_index import BlindIndex
from app.security.fields import FieldSealer
from app.services.audit.log import Action, Audit
from app.services.exams.input import ExamInput, ReportInput
from app.services.exams.matching import Matching
from app.services.exams.patients import Patients, PatientView

REPORT_CONTEXT = "report.content"


@dataclass(frozen=True)
class ReportView(ReportInput):
    version: int


@dataclass(frozen=True)
class ExamView:
    id: uuid.UUID
    accession_number: str
    patient: PatientView
    modality: str
    body_part: str
    department: str
    performed_at: datetime
    held: bool
    images_released: bool
    report: ReportView | None
    """The newest version patients may read."""


@dataclass(frozen=True)
class Exams:
    db: Database
    clock: Clock
    fields: FieldSealer
    blind: BlindIndex
    audit: Audit
    patients: Patients
    matching: Matching
    identity_changed: Callable[[Session, Exam], None]
    """Ends all access to an exam whose patient turned out to be another."""
    phone_given: Callable[[Session, Exam, str | None], None]
    """Called whenever a known exam is given: what was bound to another phone number ends."""
    number_changed: Callable[[Session, Patient, str | None], None]
    """Called when a known patient's phone number is another now: all exams of the patient follow."""
    registered: Callable[[Session, Exam], None]
    """Called once for a new exam: its QR code exists from then on."""

    def register(self, accession_number: str, order: ExamInput, actor: str, *, is_demo: bool = False) -> bool:
        """Create or correct an exam; True when it is new. Waiting studies are matched in the same transaction."""
        now = self.clock.now()
        with self.db.session() as session:
            exam = repo.exam_by_accession(session, accession_number)
            former = repo.patient(session, exam.patient_id) if exam is not None else None
            given = self.patients.with_what_is_on_file(session, order.patient, order.unusable, former)
            patient, has_another_number = self.patients.row_of(session, given, actor)
            if has_another_number:
                self.number_changed(session, patient, given.phone)
            values: dict[str, Any] = {
                "patient_id": patient.id,
                "modality": order.modality,
                "body_part": order.body_part,
                "department": order.department,
                "performed_at": order.performed_at,
            }
            if exam is None:
                exam = Exam(
                    accession_number=accession_number, is_demo=is_demo, created_at=now, updated_at=now, **values
                )
                repo.add(session, exam)
                self.registered(session, exam)
                self._record(session, Action.EXAM_REGISTERED, exam, actor)
                self._record_unusable(session, exam, order.unusable, actor)
                self.matching.exam_changed(session, exam)
                return True
            changed = [name for name, value in values.items() if getattr(exam, name) != value]
            if changed:
                self._correct(session, exam, values, changed, actor)
            self._record_unusable(session, exam, order.unusable, actor)
            self.phone_given(session, exam, given.phone)
            return False

    def _record_unusable(self, session: Session, exam: Exam, unusable: Mapping[str, str], actor: str) -> None:
        if unusable:
            self._record(session, Action.EXAM_FIELD_LEFT_OUT, exam, actor, reason=f"unusable {', '.join(unusable)}")

    def _correct(self, session: Session, exam: Exam, values: dict[str, Any], changed: list[str], actor: str) -> None:
        former = repo.patient(session, exam.patient_id)
        for name, value in values.items():
            setattr(exam, name, value)
        exam.updated_at = self.clock.now()
        session.flush()
        raise_exam_revision(session, exam.id)
        self._record(session, Action.EXAM_CORRECTED, exam, actor, fields=changed)
        patient = repo.patient(session, exam.patient_id)
        if "patient_id" in changed and not self.patients.is_completed(former, patient):
            self.identity_changed(session, exam)
        self.matching.exam_changed(session, exam)
        if patient.patient_id_hash != former.patient_id_hash:
            self.matching.holds.patient_changed(session, exam)

    def add_report(self, accession_number: str, report: ReportInput, actor: str) -> bool:
        """Add a report version; True when it is the first. The same content again adds none.

        Raises NotFound, and Conflict for a preliminary or a plain final version after a final one.
        """
        content = {name: value for name, value in asdict(report).items() if name not in ("status", "reported_at")}
        text = json.dumps(content, ensure_ascii=False, sort_keys=True)
        # hashed first: a blind index takes `10³` for `103`, and a report must not
        whole = hashlib.sha256("|".join((report.status, report.reported_at.isoformat(), text)).encode()).hexdigest()
        digest = self.blind.of("report", whole)
        with self.db.session() as session:
            exam = repo.exam_by_accession(session, accession_number)
            if exam is None:
                raise NotFound
            latest = repo.latest_report(session, exam.id)
            if latest is not None and latest.content_sha256 == digest:
                return False
            if latest is not None and latest.status in ("final", "amended") and report.status != "amended":
                raise Conflict("a final report is only changed by an amended one")
            row = Report(
                exam_id=exam.id,
                version=latest.version + 1 if latest else 1,
                status=report.status,
                content_sealed=self.fields.seal(text, REPORT_CONTEXT),
                content_sha256=digest,
                reported_at=report.reported_at,
                created_at=self.clock.now(),
            )
            repo.add(session, row)
            raise_exam_revision(session, exam.id)
            self._record(session, Action.REPORT_ADDED, exam, actor, version=row.version, status=row.status)
            return latest is None

    def view(self, exam_id: uuid.UUID) -> ExamView:
        """Everything of one exam in clear. The caller was checked before. Raises NotFound."""
        with self.db.read() as session:
            exam = repo.exam(session, exam_id)
            if exam is None:
                raise NotFound
            return self._view(session, exam)

    def view_by_accession(self, accession_number: str) -> ExamView:
        """As `view`. Raises NotFound."""
        with self.db.read() as session:
            exam = repo.exam_by_accession(session, accession_number)
            if exam is None:
                raise NotFound
            return self._view(session, exam)

    def versions(self, exam_id: uuid.UUID) -> list[ReportView]:
        """All report versions, oldest first, for staff."""
        with self.db.read() as session:
            return [self._report(row) for row in repo.reports(session, exam_id)]

    def patient_of(self, session: Session, exam: Exam) -> PatientView:
        return self.patients.view(repo.patient(session, exam.patient_id))

    def _view(self, session: Session, exam: Exam) -> ExamView:
        report = repo.latest_released_report(session, exam.id)
        return ExamView(
            id=exam.id,
            accession_number=exam.accession_number,
            patient=self.patient_of(session, exam),
            modality=exam.modality,
            body_part=exam.body_part,
            department=exam.department,
            performed_at=exam.performed_at,
            held=exam.held_at is not None,
            images_released=exam.images_released_at is not None,
            report=self._report(report) if report else None,
        )

    def _report(self, row: Report) -> ReportView:
        content = json.loads(self.fields.open(row.content_sealed, REPORT_CONTEXT))
        return ReportView(version=row.version, status=row.status, reported_at=row.reported_at, **content)

    def _record(self, session: Session, action: Action, exam: Exam, actor: str, **detail: Any) -> None:
        self.audit.record(session, action, actor=actor, subject=f"exam:{exam.id.hex}", **detail)
