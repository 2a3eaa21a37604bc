"""Tickets: an address that opens one exam once in another browser of the patient, for ten minutes. WeChat cannot
download files, and the system's browser that it offers knows no session. No HTTP here.

How a ticket is signed, read and used once is in `signed_tickets`.
"""

from __future__ import annotations

import uuid
from contextlib import suppress
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from app.clock import Clock
from app.database import Database
from app.errors import AccessRefused, NotFound
from app.models import PatientSession
from app.repos.patient_access import codes, sessions
from app.services.audit.log import Action, Audit
from app.services.audit.subjects import exam_subject
from app.services.patient_access.opening import Factor
from app.services.patient_access.sessions import PatientAccess, PatientSessions
from app.services.patient_access.signed_tickets import SignedTickets, use_once
from app.services.session_times import SESSION_LIFETIME

AUDIENCE = "ticket"


@dataclass(frozen=True)
class Ticket:
    """What a ticket says: who gave it, what it opens, which session it begins."""

    giver_id: uuid.UUID
    exam_id: uuid.UUID
    session_id: uuid.UUID


@dataclass(frozen=True, kw_only=True)
class Tickets:
    """Decides whether a ticket opens its exam. Raises AccessRefused."""

    db: Database
    clock: Clock
    audit: Audit
    sessions: PatientSessions
    key: bytes = field(repr=False)

    def issue(self, access: PatientAccess) -> str:
        """A new ticket for the exam of this session. Nothing is written before it is used."""
        return self._signed.issue(by=access.session_id, exam=access.exam_id, sid=uuid.uuid4())

    def exam_of(self, ticket: str) -> uuid.UUID | None:
        """The exam that a ticket names, also when it is used or over; None when we did not sign it. No look-up."""
        try:
            return Ticket(*self._signed.read(ticket)).exam_id
        except AccessRefused:
            return None

    def redeem(self, text: str) -> tuple[uuid.UUID, uuid.UUID]:
        """Begin the session of a ticket, once; returns the ids of session and exam. The session ends with the giver's
        at the latest. Raises AccessRefused."""
        ticket = Ticket(*self._signed.read_live(text))
        access = self._giver(ticket)
        with self.db.session() as session:
            self._begin(session, ticket, access.actor.partition(":")[0])
        return ticket.session_id, ticket.exam_id

    def _giver(self, ticket: Ticket) -> PatientAccess:
        for check in (self.sessions.check, self.sessions.check_relative):
            with suppress(NotFound):
                return check(ticket.giver_id, ticket.exam_id)
        raise AccessRefused

    def _begin(self, session: Session, ticket: Ticket, kind: str) -> None:
        """Read the giver's row again, now under the write lock: a revocation in between must win, and a later one finds
        the session that is begun here."""
        giver = sessions.by_id(session, ticket.giver_id)
        if giver is None or giver.revoked_at is not None:
            raise AccessRefused
        now, expires_at = self.clock.now(), giver.expires_at
        if giver.helper_code_id is not None:  # a helper gives nothing on: one more browser, for hours
            sessions.revoke_copies_of_helper(session, giver.helper_code_id, now)
            expires_at = min(expires_at, now + SESSION_LIFETIME)
        begun = PatientSession(
            id=ticket.session_id,
            exam_id=ticket.exam_id,
            phone_hash=giver.phone_hash,
            id_number_hash=giver.id_number_hash,
            name_hash=giver.name_hash,
            patient_id=giver.patient_id,
            account_id=giver.account_id,
            access_code_id=giver.access_code_id,
            helper_code_id=giver.helper_code_id,
            created_at=now,
            last_seen_at=now,
            expires_at=expires_at,
        )
        use_once(session, lambda: codes.add(session, begun))
        self.audit.record(
            session,
            Action.ACCESS_GRANTED,
            actor=f"{kind}:{ticket.session_id.hex}",
            subject=exam_subject(ticket.exam_id),
            by=Factor.TICKET,
        )

    @property
    def _signed(self) -> SignedTickets:
        return SignedTickets(clock=self.clock, key=self.key, audience=AUDIENCE, names=("by", "exam", "sid"))
