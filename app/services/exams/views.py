"""Shows an exam in clear text. Callers check first who may see it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from app.database import Database
from app.errors import NotFound
from app.models import Exam
from app.repos.exams import exams as repo
from app.repos.exams import patients as patient_repo
from app.services.exams.patients import Patients, PatientView
from app.services.exams.reports import FormerReport, Reports, ReportView


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
    """The newest version that patients may read."""
    former_reports: tuple[FormerReport, ...] = ()
    """Versions that patients could read and that `report` replaces, the oldest first."""
    is_anonymous: bool = False
    """It does not say whose it is. Of the patient only sex and age are left."""


HIDDEN = "＊＊"


def anonymised(view: ExamView) -> ExamView:
    """The exam without whose it is. What a doctor wrote stays as it is, but for the name itself."""
    name = view.patient.name
    patient = replace(view.patient, patient_id="", name="", phone=None, id_number=None)
    report = view.report
    if report is not None and name:
        hidden = {field: getattr(report, field).replace(name, HIDDEN) for field in ("findings", "impression")}
        report = replace(report, **hidden)
    return replace(view, accession_number="", patient=patient, report=report, is_anonymous=True)


@dataclass(frozen=True, kw_only=True)
class ExamViews:
    """Decides nothing and changes nothing: it shows an exam to callers that were checked before. Raises NotFound."""

    db: Database
    patients: Patients
    reports: Reports

    def by_id(self, exam_id: uuid.UUID) -> ExamView:
        """The whole exam in clear text. Raises NotFound."""
        with self.db.read() as session:
            exam = repo.exam(session, exam_id)
            if exam is None:
                raise NotFound
            return self._view(session, exam)

    def by_accession(self, accession_number: str) -> ExamView:
        """The same by its accession number. Raises NotFound."""
        with self.db.read() as session:
            exam = repo.exam_by_accession(session, accession_number)
            if exam is None:
                raise NotFound
            return self._view(session, exam)

    def patient_of(self, session: Session, exam: Exam) -> PatientView:
        return self.patients.view(patient_repo.patient(session, exam.patient_id))

    def _view(self, session: Session, exam: Exam) -> ExamView:
        report = self.reports.newest_readable(session, exam.id)
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
            report=report,
            former_reports=self.reports.former(session, exam.id) if report and report.version > 1 else (),
        )
