"""What the family's page lists: whom this person may see, and who may see this person. `members` changes it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime

from app.clock import Clock
from app.database import Database
from app.models import FamilyGrant
from app.repos.binding.codes import Person
from app.repos.family import grants as repo
from app.services.family.people import FamilyPeople


@dataclass(frozen=True)
class ListedGrant:
    """`name`: the one on the other side; empty of a request, which must not tell who is registered. `confirmed`: it
    opens exams; else staff were asked."""

    id: uuid.UUID
    name: str = field(repr=False)
    relation: str
    basis: str
    scope: str
    created_at: datetime
    expires_at: datetime
    confirmed: bool


@dataclass(frozen=True)
class BothSides:
    members: tuple[ListedGrant, ...]
    """Whom the person may see, or asked to see."""
    relatives: tuple[ListedGrant, ...]
    """Who may see the person."""


@dataclass(frozen=True, kw_only=True)
class FamilyListing:
    """Shows grants as they are. Nothing is changed here, and nothing is raised."""

    db: Database
    clock: Clock
    people: FamilyPeople

    def of(self, person: Person) -> BothSides:
        with self.db.read() as session:
            now = self.clock.now()
            seen = repo.of_relative(session, person, now)
            by = repo.of_member(session, person, now)
            names = self.people.names(session, [*map(_member, seen), *map(_relative, by)])
        return BothSides(
            members=tuple(_listed(row, names.get(_member(row), "")) for row in seen),
            relatives=tuple(_listed(row, names.get(_relative(row), "")) for row in by),
        )


def _member(row: FamilyGrant) -> Person:
    return Person(row.member_name_hash, row.member_number_hash)


def _relative(row: FamilyGrant) -> Person:
    return Person(row.relative_name_hash, row.relative_number_hash)


def _listed(row: FamilyGrant, name: str) -> ListedGrant:
    return ListedGrant(
        id=row.id,
        name=name if row.confirmed_at is not None else "",
        relation=row.relation,
        basis=row.basis,
        scope=row.scope,
        created_at=row.created_at,
        expires_at=row.expires_at,
        confirmed=row.confirmed_at is not None,
    )
