"""Opens a share by its link, which names it, and its passcode. Unknown, revoked and expired links and wrong passcodes
run the same statements and raise the same error."""

from __future__ import annotations

import hmac
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy.orm import Session

from app.clock import Clock
from app.database import Database
from app.errors import AccessRefused, NotFound, TooManyAttempts
from app.models import Exam, Share
from app.models.states import AttemptScope, DeviceKind
from app.repos.patient_access import attempts as attempt_repo
from app.repos.sharing import shares as repo
from app.security.codes import Codes, normal_code, normal_digits
from app.services.audit.counted_refusals import CountedRefusals
from app.services.audit.log import Action, Audit
from app.services.audit.subjects import code_subject, exam_subject
from app.services.patient_access.attempts import FOR_LIFE, IN_A_ROW, PAUSE
from app.services.session_times import SESSION_LIFETIME
from app.services.sharing.guests import GuestSessions
from app.services.sharing.shares import is_live, passcode_hash
from app.services.sharing.tries import GuestClaim, GuestDoor, GuestTries

NOBODY = uuid.UUID(int=0)

TOLD = {1: timedelta(minutes=10), 5: timedelta(days=1)}
"""How often a patient gets a message that a share of an exam was opened. The pages show every opening."""


class TellSharer(Protocol):
    """Queues the message to the patient of an exam, at most so often, inside the caller's transaction."""

    def __call__(self, session: Session, exam: Exam, limits: Mapping[int, timedelta]) -> object: ...


@dataclass(frozen=True, kw_only=True)
class ShareOpening:
    """Decides whether a link and a passcode open a share. A link has ten wrong passcodes for life and five in a row;
    then its patient makes a new one. Raises AccessRefused, TooManyAttempts."""

    db: Database
    clock: Clock
    codes: Codes
    audit: Audit
    refusals: CountedRefusals
    tries: GuestTries
    guests: GuestSessions
    tell: TellSharer

    def open_share(self, code: str, passcode: str, address: str, device: DeviceKind) -> list[uuid.UUID]:
        """New sessions of a guest: of the exam, then of earlier ones that come along; their ids."""
        code_hash = self.code_hash(code)
        with self.db.session() as session:
            now = self.clock.now()
            claim = self._claim(session, code_hash, address, now)
            found = repo.nearest(session, code_hash)
        if claim.retry_after_s:
            raise TooManyAttempts(claim.retry_after_s)
        share, exam = self._named(found, code_hash)
        right = self._is_right(share, found, passcode)
        with self.db.session() as session:
            now = self.clock.now()
            again = repo.nearest(session, code_hash)  # under the write lock: a revocation in between must win
            if right and again is not None and is_live(*again, now):
                attempt_repo.forgive_attempt(session, AttemptScope.SHARE, code_hash, now)
                self.tries.give_back(session, claim.counted)
                return self._begin(session, *again, device, now)
            self._refused(session, exam, code_hash, address)
        raise AccessRefused

    def is_named_by(self, session_id: uuid.UUID, code: str) -> bool:
        """Whether this live session of a guest was opened by this link."""
        try:
            access = self.guests.check(session_id)
        except NotFound:
            return False
        if access.share_id is None:
            return False
        with self.db.read() as session:
            share = repo.by_id(session, access.share_id)
        return share is not None and hmac.compare_digest(share.code_hash, self.code_hash(code))

    def code_hash(self, code: str) -> bytes:
        return self.codes.hash("share", normal_code(code))

    def _refused(self, session: Session, exam: Exam | None, code_hash: bytes, address: str) -> None:
        """Tries at a link of ours are ten for its life, and each has its row. Made-up links have no end."""
        self.refusals.record_at_code_in(
            session,
            Action.ACCESS_FAILED,
            actor="guest",
            subject=exam_subject(exam.id) if exam else code_subject(code_hash),
            address=address,
            code_key=code_hash,
            is_ours=exam is not None,
        )

    def _claim(self, session: Session, code_hash: bytes, address: str, now: datetime) -> GuestClaim:
        """Count a try for hospital, address and link. When one count is full, the try is counted nowhere."""
        claim = self.tries.claim(session, GuestDoor.LINK, address, now)
        if claim.retry_after_s:
            return claim
        scope = AttemptScope.SHARE
        attempt_repo.ensure_attempts(session, scope, code_hash, now)
        if attempt_repo.count_attempt(
            session, scope, code_hash, now, pause=PAUSE, in_a_row=IN_A_ROW, for_life=FOR_LIFE
        ):
            return claim
        attempt_repo.shorten_pause(session, scope, code_hash, now, PAUSE)
        self.tries.give_back(session, claim.counted)
        return GuestClaim(retry_after_s=int(PAUSE.total_seconds()))

    def _named(self, found: tuple[Share, Exam] | None, code_hash: bytes) -> tuple[Share | None, Exam | None]:
        if found is not None and hmac.compare_digest(found[0].code_hash, code_hash):
            return found
        return None, None

    def _is_right(self, share: Share | None, found: tuple[Share, Exam] | None, typed: str) -> bool:
        """Compares for every link, with the passcode of another one when this one names nothing."""
        read = found[0] if found else None
        expected = read.passcode_hash if read else self.codes.hash("passcode", "nobody")
        given = passcode_hash(self.codes, read.id if read else NOBODY, normal_digits(typed))
        return hmac.compare_digest(given, expected) and share is not None

    def _begin(self, session: Session, share: Share, exam: Exam, device: DeviceKind, now: datetime) -> list[uuid.UUID]:
        expires_at = min(share.expires_at, now + SESSION_LIFETIME)
        main = self.guests.begin(session, exam, now=now, expires_at=expires_at, device=device, share=share)
        priors = [prior for _, prior in repo.priors_of(session, [share.id]) if prior.patient_id == share.patient_id]
        along = [
            self.guests.begin(
                session, prior, now=now, expires_at=expires_at, device=device, share=share, main_id=main.id
            )
            for prior in priors
        ]
        self.audit.record(
            session,
            Action.SHARE_OPENED,
            actor=f"share-session:{main.id.hex}",
            subject=exam_subject(exam.id),
            share=share.id.hex,
        )
        self.tell(session, exam, TOLD)
        return [main.id, *(row.id for row in along)]
