"""Six digits that a patient reads out to a doctor. Typed at a PC they open nothing: the phone shows where they were
typed, the PC shows a two-digit number, and the patient taps that number. Then the PC sees the exam for half an hour.

A stranger who guesses digits stands on the phone's list with a number that no doctor shows.
"""

from __future__ import annotations

import hmac
import secrets
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.clock import Clock
from app.database import Database
from app.errors import AccessRefused, NotFound, TooManyAttempts
from app.models import HandOver, WaitingPc
from app.models.states import DeviceKind
from app.repos.exams import exams as exam_repo
from app.repos.sharing import guests as guest_repo
from app.repos.sharing import hand_overs as repo
from app.security.codes import Codes, normal_digits
from app.services.audit.counted_refusals import CountedRefusals
from app.services.audit.log import Action, Audit
from app.services.audit.looks import guest_number
from app.services.audit.subjects import code_subject, exam_subject
from app.services.patient_access.sessions import PatientAccess
from app.services.sharing.devices import masked_address
from app.services.sharing.guests import MOST_LISTED, GuestSessions
from app.services.sharing.shares import Opening
from app.services.sharing.tries import GuestDoor, GuestTries

LIFETIME = timedelta(minutes=5)
OPEN_FOR = timedelta(minutes=30)
MOST_WAITING = 3
"""Browsers in which the same digits were typed. More would make the patient choose among strangers."""
NUMBERS = range(10, 100)
NOBODY = uuid.UUID(int=0)


@dataclass(frozen=True)
class Waiting:
    """A browser in which the digits were typed, as the phone shows it. The number stands on its own screen."""

    number: str
    device: str
    address_masked: str
    at: datetime


@dataclass(frozen=True)
class Digits:
    """What the phone shows. `waiting` is in order of the numbers, so that the place in the list tells nothing."""

    code: str
    expires_at: datetime
    waiting: tuple[Waiting, ...]


@dataclass(frozen=True)
class Typed:
    """`browser`: the token that the PC's cookie bears from now on."""

    number: str
    browser: str


@dataclass(frozen=True)
class PcState:
    """What a waiting browser is told: its number while it waits, the id of its session when the patient tapped it."""

    number: str = ""
    session_id: uuid.UUID | None = None


@dataclass(frozen=True, kw_only=True)
class HandOvers:
    """Decides which browser sees the exam. Raises AccessRefused, TooManyAttempts, NotFound."""

    db: Database
    clock: Clock
    codes: Codes
    audit: Audit
    refusals: CountedRefusals
    tries: GuestTries
    guests: GuestSessions

    def give(self, access: PatientAccess) -> None:
        """New digits of this exam and session, in place of those before."""
        with self.db.session() as session:
            now = self.clock.now()
            repo.end_of(session, access.session_id, access.exam_id, now)
            row_id = self._with_free_digits(session, now)
            row = HandOver(
                id=row_id,
                exam_id=access.exam_id,
                patient_session_id=access.session_id,
                code_hash=self._hash(self.codes.one_time_code(row_id.bytes)),
                created_at=now,
                expires_at=now + LIFETIME,
            )
            repo.add(session, row)

    def _with_free_digits(self, session: Session, now: datetime) -> uuid.UUID:
        """An id whose digits are nobody else's at this moment."""
        while True:
            row_id = uuid.uuid4()
            if repo.live_by_hash(session, self._hash(self.codes.one_time_code(row_id.bytes)), now) is None:
                return row_id

    def shown(self, access: PatientAccess) -> Digits | None:
        """The living digits of this exam and session, and who waits; None when there are none."""
        with self.db.read() as session:
            row = repo.live_of(session, access.session_id, access.exam_id, self.clock.now())
            if row is None:
                return None
            waiting = repo.waiting(session, row.id)
        listed = [Waiting(each.number, each.device, each.address_masked, each.created_at) for each in waiting]
        in_order = tuple(sorted(listed, key=lambda each: each.number))
        return Digits(self.codes.one_time_code(row.id.bytes), row.expires_at, in_order)

    def type(self, typed: str, browser: str, address: str, device: DeviceKind) -> Typed:
        """Somebody types digits at a PC: the number its screen shows. `browser`: its cookie, empty without one; typing
        the same digits again in one browser shows the same number. Raises AccessRefused, TooManyAttempts.

        Digits that are unknown, over, ended, or typed at too many PCs run the same statements, on the rows of the next
        digits by hash, and raise the same error."""
        code_hash = self._hash(normal_digits(typed))
        with self.db.session() as session:
            claim = self.tries.claim(session, GuestDoor.DIGITS, address, self.clock.now())
        if claim.retry_after_s:
            raise TooManyAttempts(claim.retry_after_s)
        with self.db.session() as session:
            now = self.clock.now()
            nearest = repo.nearest_live(session, code_hash, now)
            others = repo.waiting(session, nearest.id if nearest is not None else NOBODY)
            mine = next((each for each in others if each.browser_hash == self._browser_hash(browser)), None)
            row = nearest if nearest is not None and hmac.compare_digest(nearest.code_hash, code_hash) else None
            if row is not None and (mine is not None or len(others) < MOST_WAITING):
                self.tries.give_back(session, claim.counted)
                if mine is not None:
                    return Typed(mine.number, browser)
                return self._wait(session, row, others, address, device, now)
            self._refused(session, row, code_hash, address)
        raise AccessRefused

    def _refused(self, session: Session, row: HandOver | None, code_hash: bytes, address: str) -> None:
        """Who types digits at one PC too many is seen, but for ever in few rows. Made-up digits have no end."""
        self.refusals.record_at_code_in(
            session,
            Action.ACCESS_FAILED,
            actor="guest",
            subject=exam_subject(row.exam_id) if row is not None else code_subject(code_hash),
            address=address,
            code_key=code_hash,
            is_ours=row is not None,
        )

    def _wait(
        self,
        session: Session,
        row: HandOver,
        others: Collection[WaitingPc],
        address: str,
        device: DeviceKind,
        now: datetime,
    ) -> Typed:
        browser = secrets.token_urlsafe(32)
        taken = {each.number for each in others}
        number = secrets.choice([str(each) for each in NUMBERS if str(each) not in taken])
        waiting = WaitingPc(
            hand_over_id=row.id,
            browser_hash=self._browser_hash(browser),
            number=number,
            device=device,
            address_masked=masked_address(address),
            created_at=now,
        )
        repo.add(session, waiting)
        self.audit.record(session, Action.HAND_OVER_TYPED, actor="guest", subject=exam_subject(row.exam_id))
        return Typed(number, browser)

    def tap(self, access: PatientAccess, number: str) -> None:
        """The patient taps a number. The right one begins the session of that browser. A number that nobody shows ends
        the digits and raises AccessRefused, as somebody may be guessing; so do digits that are over."""
        with self.db.session() as session:
            now = self.clock.now()
            row = repo.live_of(session, access.session_id, access.exam_id, now)
            pc = None
            if row is not None:
                pc = next((each for each in repo.waiting(session, row.id) if each.number == number), None)
                repo.end(session, row.id, now)
            exam = exam_repo.exam(session, access.exam_id)
            subject = exam_subject(access.exam_id)
            if pc is not None and exam is not None:
                begun = self.guests.begin(
                    session, exam, now=now, expires_at=now + OPEN_FOR, device=DeviceKind(pc.device)
                )
                pc.guest_session_id = begun.id
                self.audit.record(
                    session,
                    Action.HAND_OVER_OPENED,
                    actor=access.actor,
                    subject=subject,
                    begun=f"hand-over-session:{begun.id.hex}",
                )
                return
            self.audit.record(session, Action.HAND_OVER_REFUSED, actor=access.actor, subject=subject)
        raise AccessRefused

    def state_of(self, browser: str) -> PcState | None:
        """What the browser with this cookie waits for; None when its digits are over and opened nothing."""
        with self.db.read() as session:
            pc = repo.of_browser(session, self._browser_hash(browser))
            row = None if pc is None else repo.by_id(session, pc.hand_over_id)
        if pc is None or row is None:
            return None
        if pc.guest_session_id is not None:
            try:
                self.guests.check(pc.guest_session_id)
            except NotFound:
                return None
            return PcState(session_id=pc.guest_session_id)
        return PcState(number=pc.number) if self._is_live(row, self.clock.now()) else None

    def opened(self, access: PatientAccess) -> list[tuple[uuid.UUID, Opening]]:
        """The PCs that digits opened for this exam, the newest first."""
        with self.db.read() as session:
            now = self.clock.now()
            rows = guest_repo.by_digits(session, access.exam_id, MOST_LISTED)
        return [
            (
                row.id,
                Opening(
                    guest_number(row.id), row.device, row.created_at, row.revoked_at is None and row.expires_at > now
                ),
            )
            for row in rows
        ]

    def _is_live(self, row: HandOver, now: datetime) -> bool:
        return row.ended_at is None and now < row.expires_at

    def _hash(self, digits: str) -> bytes:
        return self.codes.hash("hand-over", digits)

    def _browser_hash(self, browser: str) -> bytes:
        return self.codes.hash("waiting-pc", browser)
