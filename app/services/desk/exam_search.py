"""Finds exams for staff: by accession number, patient number, phone number, ID number, name or pinyin, or the scanned
QR of a report sheet.

A name is found by the whole name, by its family name and by pinyin (`search_tokens` in app/identity/names.py). There
are no other wildcards. The page of one exam is in `exams`.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.database import Database
from app.identity.names import normal_id, normal_name
from app.identity.numbers import SUPPORTED_REGIONS, document_number, phone_number
from app.models import Exam, Patient
from app.repos.desk import exam_search as repo
from app.repos.exams import exams, patients
from app.repos.patient_access import codes as access_repo
from app.security.blind_index import BlindIndex
from app.security.codes import Codes, is_long, normal_code
from app.security.fields import FieldSealer
from app.services.audit.log import Action, Audit
from app.services.audit.refused_fields import FieldReader, RefusedFields
from app.services.exams.input import ACCESSION

MOST = 50
LONGEST_TERM = 200
_ADDRESS_END = re.compile(r"[?#]")
"""Behind the path of a scanned address. A library for addresses raises errors for some of what is typed here."""


@dataclass(frozen=True)
class FoundExam:
    """`patient_name`, `birth_date`: None when a sealed field does not open where it stands. `phone_tail`: the last four
    digits, which tell namesakes apart."""

    id: uuid.UUID
    accession_number: str
    patient_name: str | None
    sex: str
    birth_date: str | None
    phone_tail: str | None
    modality: str
    body_part: str
    performed_at: datetime
    held: bool
    released: bool


@dataclass(frozen=True, kw_only=True)
class ExamSearch:
    """Decides which exams a search of the desk finds. It raises nothing of its own."""

    db: Database
    fields: FieldSealer
    blind: BlindIndex
    codes: Codes
    audit: Audit
    refused: RefusedFields

    def find(self, typed: str, actor: str) -> list[FoundExam]:
        """At most 50 exams, newest first, each once. The audit log keeps the term as a blind index."""
        term = typed[:LONGEST_TERM].strip()
        if not term:
            return []
        with self.db.read() as session:  # a search may take long, so it holds no write lock
            candidates = {exam.id: (exam, patient) for exam, patient in self._candidates(session, term)}
            rows = sorted(candidates.values(), key=lambda pair: pair[0].performed_at, reverse=True)[:MOST]
            reader = FieldReader(self.fields)
            found = [_shown(reader, exam, patient) for exam, patient in rows]
        self.refused.record_all(reader.refused)
        with self.db.session() as session:
            self.audit.record(
                session,
                Action.STAFF_SEARCHED,
                actor=actor,
                subject=actor,
                term_hash=self.blind.of("search.term", term).hex(),
                found=len(found),
            )
        return found

    def _candidates(self, session: Session, term: str) -> Iterator[tuple[Exam, Patient]]:
        code = normal_code(_ADDRESS_END.split(term, 1)[0].rpartition("/")[2])
        if is_long(code):
            yield from self._by_code(session, code)
        if ACCESSION.match(term):
            yield from repo.by_accession(session, term, MOST)
        yield from repo.by_patient_id(session, self.blind.of("patient.patient_id", normal_id(term)), MOST)
        phone = _number(lambda: phone_number(term, SUPPORTED_REGIONS))
        if phone:
            yield from repo.by_phone(session, self.blind.of("patient.phone", phone), MOST)
        id_number = _number(lambda: document_number(term))
        if id_number:
            yield from repo.by_id_number(session, self.blind.of("patient.id_number", id_number), MOST)
        yield from repo.by_name(session, self.blind.of("patient.name_token", normal_name(term)), MOST)

    def _by_code(self, session: Session, code: str) -> Iterator[tuple[Exam, Patient]]:
        row = access_repo.code_by_hash(session, self.codes.hash("long", code))
        exam = exams.exam(session, row.exam_id) if row else None
        if exam is not None:
            yield exam, patients.patient(session, exam.patient_id)


def _shown(reader: FieldReader, exam: Exam, patient: Patient) -> FoundExam:
    phone = reader.open_of(patient, "phone_sealed")
    return FoundExam(
        id=exam.id,
        accession_number=exam.accession_number,
        sex=patient.sex,
        patient_name=reader.open_of(patient, "name_sealed"),
        birth_date=reader.open_of(patient, "birth_date_sealed"),
        phone_tail=phone[-4:] if phone else None,
        modality=exam.modality,
        body_part=exam.body_part,
        performed_at=exam.performed_at,
        held=exam.held_at is not None,
        released=exam.images_released_at is not None,
    )


def _number(read: Callable[[], str]) -> str | None:
    """None where the term is no such number."""
    try:
        return read()
    except ValueError:
        return None
