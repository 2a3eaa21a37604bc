"""Registers and corrects exams that the RIS sends.

Input rules are in `input`, patients in `patients`, studies in `matching`, reports in `reports`, what follows in other
rooms in `consequences`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy.orm import Session

from app.clock import Clock
from app.database import Database
from app.models import Exam, Patient
from app.repos.exams import exams as repo
from app.repos.exams import patients as patient_repo
from app.repos.exams.revision import raise_exam_revision
from app.services.audit.log import Action, Audit
from app.services.audit.reasons import LeftOutReason
from app.services.audit.subjects import exam_subject
from app.services.exams.input import ExamInput
from app.services.exams.matching import Matching
from app.services.exams.patients import Patients
from app.services.exams.search_keys import SearchKeys


class ExamFollower(Protocol):
    """What follows in other rooms, inside the transaction that changes the exam."""

    def registered(self, session: Session, exam: Exam) -> None:
        """The exam is new."""

    def corrected(self, session: Session, exam: Exam) -> None:
        """Something of the exam changed."""

    def identity_changed(self, session: Session, exam: Exam) -> None:
        """The exam belongs to another person now."""

    def phone_given(self, session: Session, exam: Exam, phone: str | None) -> None:
        """The RIS sent a known exam again, with this phone number."""

    def number_changed(self, session: Session, patient: Patient, phone: str | None) -> None:
        """A known patient has another phone number now, in all exams of the patient."""


@dataclass(frozen=True, kw_only=True)
class Registration:
    """Decides what an exam from the RIS changes. It raises nothing of its own: the door has checked the input."""

    db: Database
    clock: Clock
    audit: Audit
    patients: Patients
    matching: Matching
    search_keys: SearchKeys
    follower: ExamFollower

    def register(self, accession_number: str, order: ExamInput, actor: str, *, is_demo: bool = False) -> bool:
        """Create or correct an exam; True when it is new. Waiting studies are matched in the same transaction."""
        now = self.clock.now()
        with self.db.session() as session:
            exam = repo.exam_by_accession(session, accession_number)
            former = patient_repo.patient(session, exam.patient_id) if exam is not None else None
            given = self.patients.with_what_is_on_file(session, order.patient, order.unusable, former)
            patient, has_another_number = self.patients.row_of(session, given, actor)
            if has_another_number:
                self.follower.number_changed(session, patient, given.phone)
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
                self.search_keys.index(session, exam, patient)
                self.follower.registered(session, exam)
                self._record(session, Action.EXAM_REGISTERED, exam, actor)
                self._record_unusable(session, exam, order.unusable, actor)
                self.matching.exam_changed(session, exam)
                return True
            changed = [name for name, value in values.items() if getattr(exam, name) != value]
            if changed:
                self._correct(session, exam, values, changed, actor)
            self._record_unusable(session, exam, order.unusable, actor)
            self.follower.phone_given(session, exam, given.phone)
            return False

    def _record_unusable(self, session: Session, exam: Exam, unusable: Mapping[str, str], actor: str) -> None:
        if unusable:
            self._record(
                session, Action.EXAM_FIELD_LEFT_OUT, exam, actor, reason=LeftOutReason.UNUSABLE, fields=list(unusable)
            )

    def _correct(self, session: Session, exam: Exam, values: dict[str, Any], changed: list[str], actor: str) -> None:
        former = patient_repo.patient(session, exam.patient_id)
        for name, value in values.items():
            setattr(exam, name, value)
        exam.updated_at = self.clock.now()
        session.flush()
        raise_exam_revision(session, exam.id)
        self._record(session, Action.EXAM_CORRECTED, exam, actor, fields=changed)
        self.follower.corrected(session, exam)
        patient = patient_repo.patient(session, exam.patient_id)
        self.search_keys.index(session, exam, patient)
        if "patient_id" in changed and not self.patients.is_completed(former, patient):
            self.follower.identity_changed(session, exam)
        self.matching.exam_changed(session, exam)
        if patient.patient_id_hash != former.patient_id_hash:
            self.matching.holds.patient_changed(session, exam)

    def _record(self, session: Session, action: Action, exam: Exam, actor: str, **detail: Any) -> None:
        self.audit.record(session, action, actor=actor, subject=exam_subject(exam.id), **detail)
