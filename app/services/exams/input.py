"""The data of an exam and of a report, as a door passes them on. The door of the RIS reads JSON in
app/web/machine/ris/bodies.py."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from app.errors import InvalidInput
from app.models.states import ReportStatus, Sex

ACCESSION = re.compile(r"(?! |\.{1,2}\Z)[A-Za-z0-9 ._+#:=@()&,-]{1,64}(?<! )\Z")
"""Not `.` or `..`: every client folds those away in an address. No space at either end: DICOM pads with it. No slash:
it parts an address."""
SEXES, REPORT_STATUSES = tuple(Sex), tuple(ReportStatus)
"""The values that a door may take."""


@dataclass(frozen=True)
class PatientInput:
    patient_id: str
    name: str
    phone: str | None
    """+86…, or None."""
    id_number: str | None
    birth_date: str
    """YYYY-MM-DD."""
    sex: str


@dataclass(frozen=True)
class ExamInput:
    patient: PatientInput
    modality: str
    body_part: str
    department: str
    performed_at: datetime
    unusable: Mapping[str, str] = field(default_factory=dict)
    """Fields of the patient that are left out: `phone` or `id_number`, each with the rule that its value breaks."""

    @property
    def warnings(self) -> list[str]:
        return [f"patient.{name} {rule}: left out" for name, rule in self.unusable.items()]


@dataclass(frozen=True)
class ReportInput:
    status: str
    findings: str
    impression: str
    reporting_doctor: str
    reviewing_doctor: str
    reported_at: datetime
    critical: bool = False
    """The report holds a critical value (危急值)."""


def accession_number(text: str) -> str:
    """Without spaces at its ends. Raises InvalidInput unless ACCESSION allows what is left."""
    number = text.strip(" ")
    if not ACCESSION.match(number):
        raise InvalidInput("accession_number", "must be 1 to 64 letters, digits, spaces or ._+#:=@()&,-")
    return number
