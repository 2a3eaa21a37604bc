"""Whose family a browser manages, and how a person is named to the other side. Who may see what is in `members`."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from app.database import Database
from app.errors import UnsealError
from app.identity.names import normal_name
from app.identity.numbers import document_number
from app.models import Patient
from app.repos.binding.codes import Person
from app.repos.family import grants as repo
from app.security.blind_index import BlindIndex
from app.security.fields import FieldSealer


@dataclass(frozen=True)
class Oneself:
    """The person of a session, and a registration of this person."""

    session_id: uuid.UUID
    patient_id: uuid.UUID
    name: str = field(repr=False)
    person: Person

    @property
    def actor(self) -> str:
        return f"patient-session:{self.session_id.hex}"


@dataclass(frozen=True, kw_only=True)
class FamilyPeople:
    """Decides whom a session and a typed name mean. Raises nothing of its own."""

    db: Database
    fields: FieldSealer
    blind: BlindIndex

    def oneself(self, session_ids: Iterable[uuid.UUID]) -> Oneself | None:
        """The person of the first of these live sessions that is of a person with an ID number. A session of one exam
        proves too little to manage a family."""
        with self.db.read() as session:
            for session_id in session_ids:
                found = repo.person_of_session(session, session_id)
                if found is not None:
                    return Oneself(session_id, found.id, self.name_of(found), person_of(found))
        return None

    def typed(self, name: str, id_number: str) -> Person:
        """Whom this name and this number mean. What cannot be a number means nobody."""
        name_hash = self.blind.of("patient.name", normal_name(name[:64]))
        try:
            return Person(name_hash, self.blind.of("patient.id_number", document_number(id_number[:32])))
        except ValueError:
            return Person(name_hash, b"")

    def names(self, session: Session, people: Collection[Person]) -> dict[Person, str]:
        """As they are registered; somebody who is registered no more is missing."""
        keys = {(person.name_hash, person.id_number_hash or b"") for person in people}
        found = repo.newest_named(session, keys)
        return {Person(*key): self.name_of(patient) for key, patient in found.items()}

    def name_of(self, patient: Patient) -> str:
        """Empty when it does not open."""
        try:
            return self.fields.open_of(patient, "name_sealed")
        except UnsealError:
            return ""


def person_of(patient: Patient) -> Person:
    return Person(patient.name_hash, patient.id_number_hash)
