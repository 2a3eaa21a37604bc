"""The demo's data: takes in a folder of DICOM, registers an exam with an invented person for each study, adds a report.

Runs again at every start and changes nothing then: people, codes and tokens follow from keys and UIDs. It uses the same
services as the hospital does.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from app.clock import Clock
from app.extensions import Database
from app.models import Exam, Study
from app.repos import demo as repo
from app.repos import exams as exam_repo
from app.security.fields import FieldSealer
from app.services.access_codes import AccessCodes
from app.services.demo_people import DemoPerson, invent
from app.services.exam_input import ExamInput, PatientInput, ReportInput
from app.services.exams import Exams
from app.services.identity import is_chinese
from app.services.incoming import IncomingObject, Refused
from app.services.ingest import Ingest
from app.services.matching import open_identity

ACTOR = "system:demo"
NOTES = (".txt", ".md", ".json")
"""Licences and notes beside the images are no mistakes of the sender."""


@dataclass(frozen=True)
class DemoExam:
    """What the demo's reader needs to walk the whole path."""

    accession_number: str
    study_instance_uid: str
    person: DemoPerson
    qr_code: str
    pickup_code: str


@dataclass(frozen=True)
class Demo:
    db: Database
    clock: Clock
    fields: FieldSealer
    ingest: Ingest
    exams: Exams
    access_codes: AccessCodes
    secret: bytes

    def load(self, folder: Path, words: dict[str, Any]) -> list[str]:
        """Take in every DICOM file of `folder` and register an exam for each study; returns what could not be taken."""
        refused = []
        for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix not in NOTES):
            with path.open("rb") as file:
                (outcome,) = self.ingest.receive(
                    [IncomingObject(file, path.name)], door="cli", actor=ACTOR, is_demo=True
                )
            if isinstance(outcome, Refused):
                refused.append(f"{path.name}: {outcome.reason}")
        with self.db.read() as session:
            studies = repo.studies(session)
        for study in studies:
            self._register(study, words)
        return refused

    def study_uids(self) -> list[str]:
        with self.db.read() as session:
            return [study.study_instance_uid for study in repo.studies(session)]

    def exams_shown(self) -> list[DemoExam]:
        """The demo's exams with the codes that open them."""
        with self.db.session() as session:
            return [self._shown(session, exam, study) for exam, study in repo.exams(session)]

    def token(self, purpose: str) -> str:
        """A secret that is the same at every start, made from the key file."""
        return hmac.new(self.secret, purpose.encode(), hashlib.sha256).hexdigest()

    def _person(self, study: Study) -> DemoPerson:
        identity = open_identity(self.fields, study.identity_sealed)
        name = next((name for name in identity.names if is_chinese(name)), next(iter(identity.names), ""))
        born = identity.birth_date
        return invent(
            study.study_instance_uid,
            patient_id=identity.patient_id,
            name=name.replace("^", "") if is_chinese(name) else name,
            sex=identity.sex,
            birth_date=f"{born[:4]}-{born[4:6]}-{born[6:8]}" if len(born) == 8 else "",
        )

    def _register(self, study: Study, words: dict[str, Any]) -> None:
        person = self._person(study)
        accession = (
            study.accession_number or f"DEMO-{hashlib.sha256(study.study_instance_uid.encode()).hexdigest()[:10]}"
        )
        with self.db.read() as session:
            if exam_repo.exam_by_accession(session, accession) is not None:
                return
        modality = self._modality(study)
        patient = PatientInput(
            patient_id=person.patient_id, name=person.name, phone="+86" + person.phone, id_number=person.id_number,
            birth_date=person.birth_date, sex=person.sex,
        )  # fmt: skip
        about = words.get(modality, words["other"])
        order = ExamInput(
            patient=patient, modality=modality, body_part=about["body_part"], department=about["department"],
            performed_at=_performed(study) or self.clock.now(),
        )  # fmt: skip
        self.exams.register(accession, order, ACTOR, is_demo=True)
        report = ReportInput(
            status="final", findings=about["findings"], impression=about["impression"],
            reporting_doctor=words["reporting_doctor"], reviewing_doctor=words["reviewing_doctor"],
            reported_at=self.clock.now(),
        )  # fmt: skip
        self.exams.add_report(accession, report, ACTOR)

    def _modality(self, study: Study) -> str:
        with self.db.read() as session:
            return repo.modality(session, study.id) or "OT"

    def _shown(self, session: Session, exam: Exam, study: Study | None) -> DemoExam:
        patient = self.exams.patient_of(session, exam)
        person = DemoPerson(
            patient_id=patient.patient_id, name=patient.name, sex=patient.sex, birth_date=patient.birth_date,
            phone=(patient.phone or "").removeprefix("+86"), id_number=patient.id_number or "",
        )  # fmt: skip
        return DemoExam(
            accession_number=exam.accession_number,
            study_instance_uid=study.study_instance_uid if study else "",
            person=person,
            qr_code=self.access_codes.qr_code(session, exam),
            pickup_code=self.access_codes.newest_pickup(session, exam) or "",
        )


def _performed(study: Study) -> datetime | None:
    text = str(study.attributes.get("StudyDate", "") or "")
    try:
        return datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC)
    except ValueError:
        return None
