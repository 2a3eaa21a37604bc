"""What staff do with families: confirm that somebody is the guardian of a child, see who may see a patient, and end it.
Each of these is audited."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from app.clock import Clock
from app.database import Database
from app.errors import Conflict, InvalidInput, NotFound
from app.identity.childhood import is_child
from app.models import FamilyGrant, Patient
from app.models.states import FamilyEnd
from app.repos.binding import codes as people_repo
from app.repos.binding.codes import Person
from app.repos.exams import exams as exam_repo
from app.repos.exams import patients
from app.repos.family import grants as repo
from app.services.audit.log import Action, Audit
from app.services.audit.reasons import checked_reason
from app.services.audit.refused_fields import FieldReader, RefusedFields
from app.services.audit.subjects import exam_subject, patient_subject
from app.services.family.listing import BothSides, FamilyListing
from app.services.family.notices import TellMember
from app.services.family.people import FamilyPeople, person_of
from app.services.family.terms import ends_at
from app.services.paging import TOP, Asked, Key, Page, paged

SHOWN = 50
"""Rows of a page."""


@dataclass(frozen=True)
class WaitingGuardian:
    """A request of somebody who says to be the guardian. A field is None when it does not open."""

    id: uuid.UUID
    guardian_name: str = field(repr=False)
    child_name: str | None = field(repr=False)
    child_birth_date: str | None = field(repr=False)
    is_child: bool
    """Under 14 today; nobody else has a guardian here."""
    relation: str
    asked_at: datetime


@dataclass(frozen=True)
class FamilyAtDesk:
    exam_id: uuid.UUID
    accession_number: str
    has_number: bool
    """The patient has an ID number: nobody else can be in a family."""
    sides: BothSides


@dataclass(frozen=True, kw_only=True)
class Guardians:
    """Decides what staff may do with a grant. Raises NotFound, InvalidInput (reason), Conflict."""

    db: Database
    clock: Clock
    audit: Audit
    people: FamilyPeople
    listing: FamilyListing
    refused: RefusedFields
    tell: TellMember

    def waiting(self, actor: str, asked: Asked = TOP) -> Page[WaitingGuardian]:
        """Requests that name a registered child, the oldest first. The others wait for nothing and run
        out. Raises InvalidInput (no key of a page)."""
        reader = FieldReader(self.people.fields)
        with self.db.session() as session:
            now = self.clock.now()
            page = paged(asked, SHOWN, partial(repo.waiting, session, now), _key_of)
            guardians = repo.relatives_of(session, [grant.id for grant, _ in page.rows])
            found = []
            for grant, child in page.rows:
                born = reader.open_of(child, "birth_date_sealed")
                guardian = guardians.get(grant.id)
                found.append(
                    WaitingGuardian(
                        id=grant.id,
                        guardian_name=self.people.name_of(guardian) if guardian else "",
                        child_name=reader.open_of(child, "name_sealed"),
                        child_birth_date=born,
                        is_child=born is not None and is_child(born, now),
                        relation=grant.relation,
                        asked_at=grant.created_at,
                    )
                )
            self.audit.record(session, Action.STAFF_VIEWED_WAITING, actor=actor, subject=actor, found=len(found))
        self.refused.record_all(reader.refused)
        return Page(tuple(found), page.newer, page.older)

    def confirm(self, grant_id: uuid.UUID, note: str, actor: str) -> None:
        """Staff saw who the guardian is: until the child is 14 the exams are open, and the phone on file is told."""
        note = checked_reason(note)
        with self.db.session() as session:
            now = self.clock.now()
            row = repo.by_id(session, grant_id)
            child = people_repo.patient_of(session, _member(row)) if row is not None else None
            if row is None or child is None:
                raise NotFound
            born = self.people.fields.open_of(child, "birth_date_sealed")
            if not is_child(born, now):
                raise InvalidInput("birth_date", "is of nobody under 14")
            if not repo.confirm(session, grant_id, now, ends_at(born, now, is_guardian=True)):
                raise Conflict("the request was answered before")
            relative = Person(row.relative_name_hash, row.relative_number_hash)
            repo.end_between(session, relative, _member(row), now, but=grant_id)
            self.audit.record(
                session,
                Action.STAFF_CONFIRMED_GUARDIAN,
                actor=actor,
                subject=patient_subject(child.id),
                note=note,
                grant=grant_id.hex,
            )
            found = people_repo.newest_exam_with_phone(session, _member(row))
            if found is not None:
                self.tell(session, found[0])

    def end(self, grant_id: uuid.UUID, note: str, actor: str) -> None:
        """Refuse a request, or end what was allowed, with all that is open by it."""
        note = checked_reason(note)
        with self.db.session() as session:
            row = repo.by_id(session, grant_id)
            member = people_repo.patient_of(session, _member(row)) if row is not None else None
            if row is None or member is None:
                raise NotFound
            if not repo.end(session, grant_id, self.clock.now(), FamilyEnd.STAFF):
                raise Conflict("it is over already")
            subject = patient_subject(member.id)
            self.audit.record(
                session, Action.STAFF_ENDED_FAMILY, actor=actor, subject=subject, note=note, grant=grant_id.hex
            )

    def of_exam(self, exam_id: uuid.UUID, actor: str) -> FamilyAtDesk:
        """Both sides of the exam's patient. Raises NotFound."""
        with self.db.session() as session:
            exam = exam_repo.exam(session, exam_id)
            if exam is None:
                raise NotFound
            patient = patients.patient(session, exam.patient_id)
            self.audit.record(session, Action.STAFF_VIEWED_FAMILY, actor=actor, subject=exam_subject(exam_id))
            person, accession = person_of(patient), exam.accession_number
        has_number = person.id_number_hash is not None
        sides = self.listing.of(person) if has_number else BothSides((), ())
        return FamilyAtDesk(exam_id, accession, has_number, sides)


def _member(row: FamilyGrant) -> Person:
    return Person(row.member_name_hash, row.member_number_hash)


def _key_of(pair: tuple[FamilyGrant, Patient]) -> Key:
    grant, _ = pair
    return grant.created_at, grant.id
