"""Tickets of guests: an address that opens what a share shows once in another browser of the guest, for ten minutes.
WeChat cannot download files. Tickets of patients are in services/patient_access.

How a ticket is signed, read and used once is in services/patient_access. The session that it begins is an opening of
its own: the patient is told of it, and its pictures bear its number.

One passcode opens few browsers: a ticket that is used ends the oldest session that tickets of the same guest began. So
nobody opens a share to a whole chat with one passcode, and nobody fills the table with openings.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from app.clock import Clock
from app.database import Database
from app.errors import AccessRefused, NotFound
from app.models import GuestSession
from app.models.states import DeviceKind
from app.repos.exams import exams
from app.repos.sharing import guests as repo
from app.services.audit.log import Action, Audit
from app.services.audit.subjects import exam_subject
from app.services.patient_access.signed_tickets import SignedTickets, use_once
from app.services.sharing.guests import GuestAccess, GuestSessions
from app.services.sharing.opening import TOLD, TellSharer

AUDIENCE = "guest-ticket"
MOST_LIVE = 5
"""Browsers that are open at a time by tickets of one session, and by tickets of those: for each
file one, as WeChat leads to another browser each time."""
MOST = 30
"""That one session ever opens so: each leaves rows that stay."""


@dataclass(frozen=True)
class GuestTicket:
    """What a ticket says: whose session gave it, which one it begins."""

    giver_id: uuid.UUID
    session_id: uuid.UUID


@dataclass(frozen=True, kw_only=True)
class GuestTickets:
    """Decides whether a ticket opens what its giver sees. Raises AccessRefused."""

    db: Database
    clock: Clock
    audit: Audit
    guests: GuestSessions
    tell: TellSharer
    key: bytes = field(repr=False)

    def issue(self, access: GuestAccess) -> str | None:
        """A new ticket. Nothing is written before it is used. None for a session that digits opened: digits open one
        session each."""
        if access.share_id is None:
            return None
        return self._signed.issue(by=access.session_id, sid=uuid.uuid4())

    def sessions_of(self, ticket: str) -> tuple[uuid.UUID, ...]:
        """The sessions that a ticket names, also when it is used or over; none when we did not sign it. No look-up."""
        try:
            return self._signed.read(ticket)
        except AccessRefused:
            return ()

    def redeem(self, text: str, device: DeviceKind) -> uuid.UUID:
        """Begin the session of a ticket, once; its id. It ends when the giver's does by time. Raises AccessRefused."""
        ticket = GuestTicket(*self._signed.read_live(text))
        try:
            self.guests.check(ticket.giver_id)
        except NotFound:
            raise AccessRefused from None
        with self.db.session() as session:
            self._begin(session, ticket, device)
        return ticket.session_id

    def _begin(self, session: Session, ticket: GuestTicket, device: DeviceKind) -> None:
        """Read the giver's row again, under the write lock: an end in between wins. What ends the share ends this
        session too, because each request asks for the share."""
        giver = repo.by_id(session, ticket.giver_id)
        if giver is None or giver.revoked_at is not None or giver.share_id is None:
            raise AccessRefused
        root, now = giver.giver_id or giver.id, self.clock.now()
        if repo.count_given_by(session, root) >= MOST:
            raise AccessRefused
        repo.end_oldest_given_by(session, root, MOST_LIVE - 1, now)
        row = GuestSession(
            id=ticket.session_id,
            exam_id=giver.exam_id,
            share_id=giver.share_id,
            main_id=None,
            giver_id=root,
            patient_id=giver.patient_id,
            code_generation=giver.code_generation,
            device=device,
            created_at=now,
            last_seen_at=now,
            expires_at=giver.expires_at,
        )
        use_once(session, lambda: repo.add(session, [row]))
        self.audit.record(
            session,
            Action.SHARE_OPENED,
            actor=f"share-session:{row.id.hex}",
            subject=exam_subject(row.exam_id),
            share=giver.share_id.hex,
        )
        if exam := exams.exam(session, row.exam_id):
            self.tell(session, exam, TOLD)

    @property
    def _signed(self) -> SignedTickets:
        return SignedTickets(clock=self.clock, key=self.key, audience=AUDIENCE, names=("by", "sid"))
