"""Finds exams for staff: by accession number, phone number, name or pinyin, or the scanned QR of a report sheet.

A name is found by the whole name, by its family name and by pinyin (`search_tokens` in app/identity/names.py). There
are no other wildcards. The page of one exam is in `exams`.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.database import Database
from app.identity.names import normal_name
from app.identity.numbers import SUPPORTED_REGIONS, phone_number
from app.models import Exam, Patient
from app.repos.exams import exams as repo
from app.repos.exams import patients
from app.repos.patient_access import codes as access_repo
from app.security.blind_index import BlindIndex
from app.security.codes import Codes, is_long, normal_code
from app.security.fields import FieldSealer
from app.services.audit.log import Action, Audit
from app.services.exams.input import ACCESSION

MOST = 50
LONGEST_TERM = 200
_ADDRESS_END = re.compile(r"[?#]")
"""Behind the path of a scanned address. A library for addresses raises errors for some of what is typed here."""


@dataclass(frozen=True)
class FoundExam:
    id: uuid.UUID
    accession_number: str
    patient_name: str
    sex: str
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

    def find(self, typed: str, actor: str) -> list[FoundExam]:
        """At most 50 exams, newest first, each once. The audit log keeps the term as a blind index."""
        term = typed[:LONGEST_TERM].strip()
        if not term:
            return []
        with self.db.read() as session:  # a search may take long, so it holds no write lock
            candidates = {exam.id: (exam, patient) for exam, patient in self._candidates(session, term)}
            rows = sorted(candidates.values(), key=lambda pair: pair[0].performed_at, reverse=True)[:MOST]
            found = [self._shown(exam, patient) for exam, patient in rows]
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
            yield from repo.search(session, accession=term, phone=None, name=None, limit=MOST)
        try:
            phone = phone_number(term, SUPPORTED_REGIONS)
        except ValueError:
            pass
        else:
            digest = self.blind.of("patient.phone", phone)
            yield from repo.search(session, accession=None, phone=digest, name=None, limit=MOST)
        token = self.blind.of("patient.name_token", normal_name(term))
        yield from repo.search(session, accession=None, phone=None, name=token, limit=MOST)

    def _by_code(self, session: Session, code: str) -> Iterator[tuple[Exam, Patient]]:
        row = access_repo.code_by_hash(session, self.codes.hash("long", code))
        exam = repo.exam(session, row.exam_id) if row else None
        if exam is not None:
            yield exam, patients.patient(session, exam.patient_id)

    def _shown(self, exam: Exam, patient: Patient) -> FoundExam:
        return FoundExam(
            id=exam.id,
            accession_number=exam.accession_number,
            sex=patient.sex,
            patient_name=self.fields.open_of(patient, "name_sealed"),
            modality=exam.modality,
            body_part=exam.body_part,
            performed_at=exam.performed_at,
            held=exam.held_at is not None,
            released=exam.images_released_at is not None,
        )
