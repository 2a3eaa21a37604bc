"""Whom each side names, as the desk compares them: the header of a study, and the exam as the RIS registered it."""

from __future__ import annotations

from dataclasses import dataclass

from app.identity.sealed import open_identity
from app.models import Patient, Study
from app.services.audit.refused_fields import FieldReader


@dataclass(frozen=True)
class PersonAtDesk:
    """Whom one side names; `birth_date` is YYYY-MM-DD, or what the header has when that is no date."""

    patient_id: str
    name: str
    sex: str
    birth_date: str


def in_header(reader: FieldReader, study: Study) -> PersonAtDesk | None:
    """None when it does not open where it stands."""
    identity = reader.reading(lambda: open_identity(reader.fields, study))
    if identity is None:
        return None
    return PersonAtDesk(
        identity.patient_id, " / ".join(identity.names), identity.sex, _with_hyphens(identity.birth_date)
    )


def registered(reader: FieldReader, patient: Patient) -> PersonAtDesk | None:
    """None when one of its fields does not open where it stands."""
    columns = ("patient_id_sealed", "name_sealed", "birth_date_sealed")
    patient_id, name, birth_date = (reader.open_of(patient, column) for column in columns)
    if patient_id is None or name is None or birth_date is None:
        return None
    return PersonAtDesk(patient_id, name, patient.sex, birth_date)


def _with_hyphens(text: str) -> str:
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if len(text) == 8 and text.isdigit() else text
