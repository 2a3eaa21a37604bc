"""Adds a member of the family: by digits that the member gives, or as guardian, when staff confirm. Lists and ends what
there is, from both sides.

What is done for a name and a number hangs on what was typed and not on whether it is a patient's: the same statements,
counts and rows. Who it is, and whose phone, is looked up by the worker, and for one who typed the right digits.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.clock import Clock
from app.database import Database
from app.errors import AccessRefused, Conflict, NotFound, TooManyAttempts
from app.models import FamilyCode, FamilyGrant
from app.models.states import FamilyBasis, FamilyEnd, JobKind
from app.repos.binding import codes as people_repo
from app.repos.binding.codes import Person
from app.repos.family import digits as digit_repo
from app.repos.family import grants as repo
from app.repos.phone_door import digits as requests
from app.security.codes import Codes
from app.services.audit.counted_refusals import CountedRefusals
from app.services.audit.log import Action, Audit
from app.services.audit.subjects import exam_subject, patient_subject
from app.services.family.notices import TellMember
from app.services.family.people import FamilyPeople, Oneself
from app.services.family.terms import ends_at
from app.services.family.typed import Wanted
from app.services.patient_access.attempts import Attempts
from app.services.patient_access.one_time_codes import LIFETIME, TRIES, Enqueue, SendOneTimeCode, typed_one
from app.services.patient_access.rung_phones import may_ring
from app.services.phone_door.asking import seconds_to_wait
from app.services.phone_door.door import LIMITS

FAMILY_REQUEST = JobKind.FAMILY_CODE
RINGS = {1: timedelta(minutes=1), 3: timedelta(hours=1), 5: timedelta(days=1)}
"""How often one phone gets digits for relatives, whoever asks."""
MOST_MEMBERS = 20
MOST_REQUESTS = 5
"""Of a guardian at a time."""
WAITS_FOR_STAFF = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class FamilyMembers:
    """Decides who may see whose exams. Raises AccessRefused, TooManyAttempts, Conflict, NotFound."""

    db: Database
    clock: Clock
    codes: Codes
    people: FamilyPeople
    attempts: Attempts
    audit: Audit
    refusals: CountedRefusals
    send_code: SendOneTimeCode
    tell: TellMember
    enqueue: Enqueue
    wake: Callable[[], None]

    def request(self, oneself: Oneself, wanted: Wanted, address: str) -> None:
        """Ask for digits to the member's phone on file. Raises TooManyAttempts when this person or this address asked
        too often, for whomever."""
        code_id = uuid.uuid4()
        with self.db.session() as session:
            now = self.clock.now()
            retry_after_s = self._ask(session, oneself, address, now)
            if not retry_after_s:
                self._new_code(session, code_id, oneself, wanted, now)
                self.enqueue(session, FAMILY_REQUEST, code_id.hex)
            else:
                action, subject = Action.ONE_TIME_CODE_REFUSED, patient_subject(oneself.patient_id)
                self.refusals.record_in(session, action, actor=oneself.actor, subject=subject, address=address)
        if retry_after_s:
            raise TooManyAttempts(retry_after_s)
        self.wake()

    def answer(self, key: str) -> None:
        """Send the digits, if the member is a patient with a phone that may be rung. Done twice it sends once."""
        with self.db.session() as session:
            now = self.clock.now()
            code = digit_repo.by_id(session, uuid.UUID(hex=key))
            if code is None or code.expires_at <= now or code.queued_at is not None:
                return  # nobody waits for it any more
            if (code.member_name_hash, code.member_number_hash) == (code.relative_name_hash, code.relative_number_hash):
                return  # nobody is a relative of oneself
            member = Person(code.member_name_hash, code.member_number_hash)
            found = people_repo.newest_exam_with_phone(session, member)
            if found is None:
                return
            exam, patient = found
            assert patient.phone_hash is not None  # the query asks for it
            # The pauses are apart from the phone door's: who comes in there a moment before is not without digits here.
            rung = self.codes.hash("family-phone", patient.phone_hash.hex())
            requests.ensure_requests(session, rung)
            if not requests.claim_request(session, rung, now, RINGS):
                return
            digit_repo.mark_queued(session, code.id, now)
            if not may_ring(session, self.codes, self.refusals, patient.phone_hash, exam_subject(exam.id), now):
                return
            self.send_code(session, exam, code.id)
            self.audit.record(session, Action.ONE_TIME_CODE_SENT, actor="patient", subject=exam_subject(exam.id))
        self.wake()  # the sweeping thread may have looked a moment ago

    def add(self, oneself: Oneself, wanted: Wanted, typed: str, address: str) -> None:
        """The relative typed what the member read out. From now on the exams of the member are open, as was asked for
        with the digits, and the member is told. `wanted`: whose digits they are; without name and number, of anybody
        whom this person asked to see. Raises AccessRefused, the same for every reason."""
        named = wanted.name or wanted.id_number
        member = self.people.typed(wanted.name, wanted.id_number) if named else None
        with self.db.session() as session:
            claimed = digit_repo.claim_try(session, oneself.person, member, self.clock.now(), TRIES)
        right = typed_one(self.codes, claimed, typed)
        with self.db.session() as session:
            now = self.clock.now()
            used = digit_repo.use(session, right, now) if right and self._has_room(session, oneself, now) else None
            if used is not None and self._allow(session, oneself, used, now):
                return
            self.attempts.failed_on_address(session, address, now)
            subject, action = patient_subject(oneself.patient_id), Action.ACCESS_FAILED
            if claimed:
                self.audit.record(session, action, actor=oneself.actor, subject=subject)
            else:  # nothing was compared, so nothing limits such tries
                self.refusals.record_in(session, action, actor=oneself.actor, subject=subject, address=address)
        raise AccessRefused

    def ask_staff(self, oneself: Oneself, wanted: Wanted, address: str) -> None:
        """A guardian asks to see a child under 14; staff confirm it once. The same for every name. Raises
        TooManyAttempts, and Conflict while as many requests wait as one person may have."""
        with self.db.session() as session:
            now = self.clock.now()
            waiting = sum(row.confirmed_at is None for row in repo.of_relative(session, oneself.person, now))
            if waiting >= MOST_REQUESTS:
                raise Conflict("staff did not answer the earlier requests yet")
            retry_after_s = self._ask(session, oneself, address, now)
            if not retry_after_s:
                member = self.people.typed(wanted.name, wanted.id_number)
                basis, until = FamilyBasis.GUARDIAN, now + WAITS_FOR_STAFF
                row = _grant(oneself.person, member, wanted.relation, wanted.scope, basis, now, expires_at=until)
                repo.add(session, row)
                subject = patient_subject(oneself.patient_id)
                self.audit.record(session, Action.FAMILY_ASKED, actor=oneself.actor, subject=subject, grant=row.id.hex)
        if retry_after_s:
            raise TooManyAttempts(retry_after_s)

    def remove(self, oneself: Oneself, grant_id: uuid.UUID) -> None:
        """Either side ends it, at once; twice is as once. Raises NotFound when the person is on neither side."""
        with self.db.session() as session:
            row = repo.by_id(session, grant_id)
            side = _side(row, oneself.person) if row is not None else None
            if row is None or side is None:
                raise NotFound
            if repo.end(session, grant_id, self.clock.now(), side):
                subject = patient_subject(oneself.patient_id)
                self.audit.record(session, Action.FAMILY_ENDED, actor=oneself.actor, subject=subject, grant=row.id.hex)

    def _ask(self, session: Session, oneself: Oneself, address: str, now: datetime) -> int:
        """Count a request; else the seconds until this person or this address may ask again."""
        asker = self.codes.hash("family-request", (oneself.person.id_number_hash or b"").hex())
        return seconds_to_wait(session, self.attempts, asker, address, now, LIMITS)

    def _has_room(self, session: Session, oneself: Oneself, now: datetime) -> bool:
        return len(repo.of_relative(session, oneself.person, now)) < MOST_MEMBERS

    def _allow(self, session: Session, oneself: Oneself, used: FamilyCode, now: datetime) -> bool:
        member = Person(used.member_name_hash, used.member_number_hash)
        digit_repo.end_others(session, oneself.person, member, now)
        found = people_repo.newest_exam_with_phone(session, member)
        if found is None:
            return False  # the registration was corrected a moment ago
        exam, patient = found
        born = self.people.fields.open_of(patient, "birth_date_sealed")
        ends = ends_at(born, now, is_guardian=False)
        row = _grant(
            oneself.person, member, used.relation, used.scope, FamilyBasis.CODE, now, expires_at=ends, confirmed_at=now
        )
        repo.add(session, row)
        repo.end_between(session, oneself.person, member, now, but=row.id)
        subject = patient_subject(patient.id)
        self.audit.record(session, Action.FAMILY_ADDED, actor=oneself.actor, subject=subject, grant=row.id.hex)
        self.tell(session, exam)
        return True

    def _new_code(self, session: Session, code_id: uuid.UUID, oneself: Oneself, wanted: Wanted, now: datetime) -> None:
        member = self.people.typed(wanted.name, wanted.id_number)
        digits = self.codes.one_time_code(code_id.bytes)
        row = FamilyCode(
            id=code_id,
            relative_name_hash=oneself.person.name_hash,
            relative_number_hash=oneself.person.id_number_hash,
            member_name_hash=member.name_hash,
            member_number_hash=member.id_number_hash,
            relation=wanted.relation,
            scope=wanted.scope,
            code_hash=self.codes.hash("one-time", code_id.hex, digits),
            created_at=now,
            expires_at=now + LIFETIME,
        )
        digit_repo.add(session, row)


def _grant(
    relative: Person,
    member: Person,
    relation: str,
    scope: str,
    basis: FamilyBasis,
    now: datetime,
    *,
    expires_at: datetime,
    confirmed_at: datetime | None = None,
) -> FamilyGrant:
    return FamilyGrant(
        id=uuid.uuid4(),
        relative_name_hash=relative.name_hash,
        relative_number_hash=relative.id_number_hash,
        member_name_hash=member.name_hash,
        member_number_hash=member.id_number_hash,
        relation=relation,
        basis=basis,
        scope=scope,
        created_at=now,
        confirmed_at=confirmed_at,
        expires_at=expires_at,
    )


def _side(row: FamilyGrant, person: Person) -> FamilyEnd | None:
    """On which side of a grant a person is; None on neither."""
    me = (person.name_hash, person.id_number_hash)
    if me == (row.relative_name_hash, row.relative_number_hash):
        return FamilyEnd.RELATIVE
    return FamilyEnd.MEMBER if me == (row.member_name_hash, row.member_number_hash) else None
