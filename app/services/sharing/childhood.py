"""What is given of a child's exams ends with the childhood: the guardian gave it. What is given is in the other
modules, when childhood ends in app/identity/childhood.py."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.identity.childhood import end_of_childhood
from app.models import Exam
from app.repos.exams import patients
from app.security.fields import FieldSealer


def not_past_childhood(session: Session, fields: FieldSealer, exam: Exam, now: datetime, wished: datetime) -> datetime:
    """When something that is given now ends: as wished, and on the fourteenth birthday of a child at the latest. Raises
    UnsealError."""
    birth_date = fields.open_of(patients.patient(session, exam.patient_id), "birth_date_sealed")
    grown = end_of_childhood(birth_date, now) if birth_date else None
    return min(wished, grown) if grown else wished
