"""The desk corrects a phone number: the patient stands there with the identity card, and the RIS has the old number.

What follows for codes and messages is the same as when the RIS corrects it
(services/notifications/phone_correction.py). The RIS wins when it sends the exam again.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass

from app.database import Database
from app.errors import Conflict, InvalidInput, NotFound
from app.identity.numbers import phone_number
from app.repos.exams import exams, patients
from app.services.audit.log import Action, Audit
from app.services.audit.reasons import checked_reason
from app.services.audit.subjects import exam_subject
from app.services.exams.patients import Patients
from app.services.exams.registration import ExamFollower


@dataclass(frozen=True, kw_only=True)
class PhoneNumbers:
    """Decides whether a typed number is taken. `regions`: whose numbers are. Raises NotFound, InvalidInput,
    Conflict."""

    db: Database
    audit: Audit
    patients: Patients
    follower: ExamFollower
    regions: Collection[str]

    def correct(self, exam_id: uuid.UUID, typed: str, note: str, actor: str) -> None:
        """The patient of this exam has another number, in all exams of the patient: codes that were sent to the old
        one end, and what it was not told yet goes to the new one. `note`: why.

        Raises NotFound, InvalidInput (reason, phone), Conflict (it is the number on file).
        """
        note = checked_reason(note)
        try:
            phone = phone_number(typed, self.regions)
        except ValueError as error:
            raise InvalidInput("phone", str(error)) from None
        with self.db.session() as session:
            exam = exams.exam(session, exam_id)
            if exam is None:
                raise NotFound
            patient = patients.patient(session, exam.patient_id)
            if not self.patients.correct_phone(session, patient, phone, actor):
                raise Conflict("it is the number on file")
            self.follower.number_changed(session, patient, phone)
            self.audit.record(
                session, Action.STAFF_CORRECTED_PHONE, actor=actor, subject=exam_subject(exam_id), note=note
            )
