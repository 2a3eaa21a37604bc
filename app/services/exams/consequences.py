"""What follows in other rooms when the RIS sends an exam: codes, sessions, messages. Registering is in
`registration`."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.models import Exam, Patient
from app.services.notifications.phone_correction import PhoneCorrection
from app.services.patient_access.codes import AccessCodes
from app.services.release.gate import ReleaseGate
from app.services.release.sensitivity import Sensitivity


@dataclass(frozen=True, kw_only=True)
class Consequences:
    """Decides nothing: it calls the room that decides, inside the caller's transaction. It raises nothing of its
    own."""

    codes: AccessCodes
    phones: PhoneCorrection
    release: ReleaseGate
    sensitivity: Sensitivity

    def registered(self, session: Session, exam: Exam) -> None:
        """The exam's QR code is valid from now on: it is printed before images exist. A rule may hold the exam."""
        self.codes.qr_code(session, exam)
        self.sensitivity.judge(session, exam, None)

    def corrected(self, session: Session, exam: Exam) -> None:
        """A rule may hold the exam as what it is now."""
        session.refresh(exam)
        self.sensitivity.judge(session, exam, None)

    def identity_changed(self, session: Session, exam: Exam) -> None:
        """All access to the exam ends."""
        self.release.identity_changed(session, exam)

    def phone_given(self, session: Session, exam: Exam, phone: str | None) -> None:
        """Codes and messages for another number end."""
        self.phones.phone_given(session, exam, phone)

    def number_changed(self, session: Session, patient: Patient, phone: str | None) -> None:
        """The same happens for all exams of the patient."""
        self.phones.number_changed(session, patient, phone)
