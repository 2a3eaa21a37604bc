"""The keys by which the desk finds exams: blind indexes of names, of their initials, and of the last four of numbers.

Why weak secrets may have a blind index: ADR 0024. What a typed term may be is in services/desk/exam_search.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.orm import Session

from app.database import Database
from app.identity.names import initials, search_tokens
from app.models import Exam, Patient
from app.repos.exams import search_keys as repo
from app.security.blind_index import BlindIndex
from app.security.codes import normal_factor
from app.security.fields import FieldSealer
from app.services.audit.refused_fields import FieldReader, RefusedFields
from app.services.patient_access.codes import AccessCodes

BATCH = 100
"""Exams of one commit: few, so that no writer waits long."""
TAIL = 4
_BYTES = 16


class KeyKind(StrEnum):
    """What a key is made of. Kinds never meet: LI as a family name is another key than LI as initials."""

    NAME = "name"
    INITIALS = "initials"
    PHONE_TAIL = "phone_tail"
    ID_TAIL = "id_tail"


def search_key(blind: BlindIndex, kind: KeyKind, text: str) -> bytes:
    """128 bits: two texts of a million exams meet with a chance of one in 10^26."""
    return blind.of(f"exam.{kind}", text)[:_BYTES]


@dataclass(frozen=True, kw_only=True)
class SearchKeys:
    """Decides which keys an exam has. It raises nothing of its own: a sealed field that does not open gives no key."""

    db: Database
    fields: FieldSealer
    blind: BlindIndex
    codes: AccessCodes
    refused: RefusedFields

    def index(self, session: Session, exam: Exam, patient: Patient) -> None:
        """Make the keys of an exam whose patient or time changed, inside the caller's transaction."""
        self._index(session, FieldReader(self.fields), exam, patient)

    def index_due(self) -> int:
        """The keys of some exams that are due: of before this release, or whose patient was corrected. Returns how
        many. One commit; what was done before a crash is done."""
        with self.db.read() as session:
            if not repo.any_due(session):
                return 0
        reader = FieldReader(self.fields)
        with self.db.session() as session:
            found = repo.due(session, BATCH)
            for exam, patient in found:
                self._index(session, reader, exam, patient)
                self.codes.index_for_desk(session, exam)
        self.refused.record_all(reader.refused)
        return len(found)

    def _index(self, session: Session, reader: FieldReader, exam: Exam, patient: Patient) -> None:
        keys = {search_key(self.blind, kind, text) for kind, text in _texts(reader, patient)}
        repo.replace(session, exam, keys)


def _texts(reader: FieldReader, patient: Patient) -> Iterator[tuple[KeyKind, str]]:
    name = reader.open_of(patient, "name_sealed") or ""
    for token in search_tokens(name) if name else ():
        yield KeyKind.NAME, token
    for letters in initials(name):
        yield KeyKind.INITIALS, letters
    for kind, column in ((KeyKind.PHONE_TAIL, "phone_sealed"), (KeyKind.ID_TAIL, "id_number_sealed")):
        number = normal_factor(reader.open_of(patient, column) or "")
        if len(number) >= TAIL:
            yield kind, number[-TAIL:]
