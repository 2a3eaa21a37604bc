"""What a list of exams says of each, for whoever was checked before: a few statements for any number of exams."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.clock import Clock
from app.database import Database
from app.repos.exams import exams as repo
from app.repos.exams import reports
from app.repos.pictures import prepared
from app.services.exams.patients import Patients


@dataclass(frozen=True)
class ListedExam:
    """`in_preparation`: nothing is shown yet, but pictures may come."""

    id: uuid.UUID
    patient_name: str
    modality: str
    body_part: str
    department: str
    performed_at: datetime
    report_ready: bool
    frames_total: int
    in_preparation: bool


@dataclass(frozen=True, kw_only=True)
class ExamListing:
    """Shows exams as they are. Nothing is changed here, and nothing is raised."""

    db: Database
    clock: Clock
    patients: Patients
    patience: timedelta
    """How long pictures that are not there yet are waited for."""

    def in_preparation(self, exam_id: uuid.UUID) -> bool:
        """As `ListedExam.in_preparation`."""
        return any(exam.in_preparation for exam in self.of([exam_id]))

    def of(self, ids: Sequence[uuid.UUID]) -> list[ListedExam]:
        """In the order of `ids`."""
        with self.db.read() as session:
            rows = {exam.id: (exam, patient) for exam, patient in repo.exams_with_patients(session, ids)}
            readable = reports.with_readable_report(session, ids)
            frames = prepared.frames_shown(session, ids)
            waiting = prepared.waiting_for_pictures(session, ids, self.clock.now() - self.patience)
        names = {patient.id: self.patients.view(patient).name for _, patient in rows.values()}
        return [
            ListedExam(
                id=exam.id,
                patient_name=names[patient.id],
                modality=exam.modality,
                body_part=exam.body_part,
                department=exam.department,
                performed_at=exam.performed_at,
                report_ready=exam.id in readable,
                frames_total=frames.get(exam.id, 0),
                in_preparation=exam.id in waiting and exam.id not in frames,
            )
            for exam, patient in (rows[exam_id] for exam_id in ids if exam_id in rows)
        ]
