"""Finds exams for staff: by accession number, patient number, phone number, ID number, name or pinyin, or the scanned
QR of a report sheet.

A name is found by the whole name, by its family name, by pinyin (`search_tokens` in app/identity/names.py) and by its
initials, a number by its last four, an exam by a pick-up code. There are no other wildcards. The page of one exam is in
`exams`.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.database import Database
from app.identity.names import normal_id, normal_name
from app.identity.numbers import SUPPORTED_REGIONS, document_number, phone_number
from app.models import Exam, Patient
from app.repos.desk import exam_search as repo
from app.repos.exams.search_keys import any_due
from app.repos.keyset import Place
from app.security.blind_index import BlindIndex
from app.security.codes import is_long, is_pickup, normal_code
from app.security.fields import FieldSealer
from app.services.audit.log import Action, Audit
from app.services.audit.refused_fields import FieldReader, RefusedFields
from app.services.exams.input import ACCESSION
from app.services.exams.search_keys import KeyKind, search_key
from app.services.paging import TOP, Asked, Key, Page, paged
from app.services.patient_access.codes import AccessCodes

SHOWN = 50
LONGEST_TERM = 200
_ADDRESS_END = re.compile(r"[?#]")
"""Behind the path of a scanned address. A library for addresses raises errors for some of what is typed here."""
_INITIALS = re.compile(r"[A-Z]{2,4}\Z")
_TAIL = re.compile(r"(?=.*[0-9])[0-9A-Z]{4}\Z")
Pair = tuple[Exam, Patient]
Look = Callable[[Session, Place | None, int], repo.Found]


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
    """Decides which exams a search of the desk finds. Raises InvalidInput."""

    db: Database
    fields: FieldSealer
    blind: BlindIndex
    access_codes: AccessCodes
    audit: Audit
    refused: RefusedFields

    def find(self, typed: str, actor: str, asked: Asked = TOP) -> Page[FoundExam]:
        """A page of 50 exams, newest first, each once. The audit log keeps the term as a blind index, and nothing of a
        term that is so short that whoever reads the log could try all. Raises InvalidInput (no key of a page)."""
        term = typed[:LONGEST_TERM].strip()
        if not term:
            return Page(())
        reader = FieldReader(self.fields)
        with self.db.read() as session:  # a search may take long, so it holds no write lock
            page = paged(asked, SHOWN, lambda place, limit: self._newest(session, term, place, limit), _key_of)
            found = [_shown(reader, exam, patient) for exam, patient in page.rows]
        self.refused.record_all(reader.refused)
        detail = {} if _is_weak(term) else {"term_hash": self.blind.of("search.term", term).hex()}
        with self.db.session() as session:
            self.audit.record(session, Action.STAFF_SEARCHED, actor=actor, subject=actor, found=len(found), **detail)
        return Page(tuple(found), page.newer, page.older)

    def _newest(self, session: Session, term: str, place: Place | None, limit: int) -> list[Pair]:
        """What any reading of the term finds, merged."""
        found = {
            exam.id: (exam, patient) for look in self._looks(term) for exam, patient in look(session, place, limit)
        }
        in_order = sorted(found.values(), key=_key_of, reverse=True)
        return in_order[-limit:] if place is not None and place.backwards else in_order[:limit]

    def _looks(self, term: str) -> Iterator[Look]:
        """Each way in which the term may be meant."""
        code = normal_code(_ADDRESS_END.split(term, 1)[0].rpartition("/")[2])
        if is_long(code):
            yield _look(repo.by_code, self.access_codes.codes.hash("long", code))
        if is_pickup(normal_code(term)):
            yield _look(repo.by_pickup_code, self.access_codes.desk_hash(normal_code(term)))
        if ACCESSION.match(term):
            yield _look(repo.by_accession, term)
        yield _look(repo.by_patient_id, self.blind.of("patient.patient_id", normal_id(term)))
        phone = _number(lambda: phone_number(term, SUPPORTED_REGIONS))
        if phone:
            yield _look(repo.by_phone, self.blind.of("patient.phone", phone))
        id_number = _number(lambda: document_number(term))
        if id_number:
            yield _look(repo.by_id_number, self.blind.of("patient.id_number", id_number))
        for kind, text in _keys(term):
            yield _look(repo.by_key, search_key(self.blind, kind, text))
        yield self._by_name_before_keys(normal_name(term))

    def _by_name_before_keys(self, name: str) -> Look:
        token = self.blind.of("patient.name_token", name)

        def look(session: Session, place: Place | None, limit: int) -> repo.Found:
            return repo.by_name_before_keys(session, token, place, limit) if any_due(session) else []

        return look


def _look(query: Callable[[Session, Any, Place | None, int], repo.Found], value: Any) -> Look:
    return lambda session, place, limit: query(session, value, place, limit)


def _keys(term: str) -> Iterator[tuple[KeyKind, str]]:
    name = normal_name(term)
    yield KeyKind.NAME, name
    if _INITIALS.match(name):
        yield KeyKind.INITIALS, name
    tail = normal_id(term)
    if _TAIL.match(tail):
        yield KeyKind.PHONE_TAIL, tail
        yield KeyKind.ID_TAIL, tail


def _is_weak(term: str) -> bool:
    """Whether it may be the last four of a number, initials, or a code."""
    name = normal_name(term)
    return bool(_TAIL.match(normal_id(term)) or _INITIALS.match(name)) or is_pickup(normal_code(term))


def _key_of(pair: Pair) -> Key:
    exam, _ = pair
    return exam.performed_at, exam.id


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
