"""What follows elsewhere when the RIS gives an exam: codes, sessions, messages. Registering it is `registration`."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.models import Exam, Patient
from app.services.notifications.phone_correction import PhoneCorrection
from app.services.patient_access.codes import AccessCodes
from app.services.release.gate import ReleaseGate


@dataclass(frozen=True, kw_only=True)
class Consequences:
    """Decides nothing by itself: it calls the room that does, inside the caller's transaction."""

    codes: AccessCodes
    phones: PhoneCorrection
    release: ReleaseGate

    def registered(self, session: Session, exam: Exam) -> None:
        """Its QR code exists from now on."""
        self.codes.ensure_qr_code(session, exam)

    def identity_changed(self, session: Session, exam: Exam) -> None:
        """All access to it ends."""
        self.release.identity_changed(session, exam)

    def phone_given(self, session: Session, exam: Exam, phone: str | None) -> None:
        """What was bound to another number ends."""
        self.phones.phone_given(session, exam, phone)

    def number_changed(self, session: Session, patient: Patient, phone: str | None) -> None:
        """All exams of the patient follow."""
        self.phones.number_changed(session, patient, phone)
