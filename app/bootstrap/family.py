"""Builds the room services/family. Its rules are in app/services/family."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.bootstrap.ground import Ground
from app.bootstrap.patient_access import counted_tries
from app.models import Exam, NotificationKind
from app.services.audit.refused_fields import RefusedFields
from app.services.channels.channel import Wording
from app.services.family.guardians import Guardians
from app.services.family.listing import FamilyListing
from app.services.family.members import FamilyMembers
from app.services.family.people import FamilyPeople
from app.services.notifications.outbox import Outbox
from app.services.patient_access.one_time_codes import Enqueue


@dataclass(frozen=True, kw_only=True)
class FamilyRoom:
    people: FamilyPeople
    members: FamilyMembers
    listing: FamilyListing
    guardians: Guardians


def build(ground: Ground, *, outbox: Outbox, enqueue: Enqueue) -> FamilyRoom:
    people = FamilyPeople(db=ground.db, fields=ground.fields, blind=ground.blind)
    listing = FamilyListing(db=ground.db, clock=ground.clock, people=people)

    def tell(session: Session, exam: Exam) -> None:
        outbox.queue_about_access(session, exam, NotificationKind.RELATIVE_ADDED, Wording.RELATIVE_ADDED)

    return FamilyRoom(
        people=people,
        members=FamilyMembers(
            db=ground.db,
            clock=ground.clock,
            codes=ground.codes,
            people=people,
            attempts=counted_tries(ground),
            audit=ground.audit,
            refusals=ground.refusals,
            send_code=outbox.queue_family_code,
            tell=tell,
            enqueue=enqueue,
            wake=ground.wake,
        ),
        listing=listing,
        guardians=Guardians(
            db=ground.db,
            clock=ground.clock,
            audit=ground.audit,
            people=people,
            listing=listing,
            refused=RefusedFields(db=ground.db, audit=ground.audit),
            tell=tell,
        ),
    )
