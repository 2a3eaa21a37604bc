"""Rows of patients and of the name tokens that find them. Who is the same person is decided in app/identity."""

from __future__ import annotations

import uuid

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.models import Patient, PatientNameToken


def patient(session: Session, patient_id: uuid.UUID) -> Patient:
    found = session.get(Patient, patient_id)
    assert found is not None  # a foreign key guarantees the row
    return found


def patient_by_identity(session: Session, identity_hash: bytes) -> Patient | None:
    return session.scalars(select(Patient).where(Patient.identity_hash == identity_hash)).one_or_none()


def replace_tokens(session: Session, patient_id: uuid.UUID, hashes: set[bytes]) -> None:
    session.execute(delete(PatientNameToken).where(PatientNameToken.patient_id == patient_id))
    session.add_all(PatientNameToken(patient_id=patient_id, token_hash=token) for token in sorted(hashes))
