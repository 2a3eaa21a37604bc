"""A code for somebody who helps: the patient reads it out, or the desk gives it. It opens this one exam in one browser
for a week. Guests of a share and doctors' PCs are in the other modules.

The code is random, stored as a keyed hash and shown once. Ten of 31 characters are 49 bits: with the counts of `tries`
nobody finds one.
"""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.clock import Clock
from app.database import Database
from app.errors import AccessRefused, Conflict, NotFound, TooManyAttempts
from app.models import Exam, HelperCode, PatientSession
from app.models.states import DeviceKind
from app.repos.release import gate
from app.repos.sharing import helper_codes as repo
from app.security.codes import PICKUP_ALPHABET, Codes, normal_code
from app.security.fields import FieldSealer
from app.services.audit.counted_refusals import CountedRefusals
from app.services.audit.log import Action, Audit
from app.services.audit.reasons import checked_reason
from app.services.audit.subjects import code_subject, exam_subject
from app.services.patient_access.sessions import HELPER_LIFETIME, PatientAccess
from app.services.sharing.childhood import not_past_childhood
from app.services.sharing.guests import MOST_LISTED
from app.services.sharing.tries import GuestDoor, GuestTries

LENGTH = 10
MAY_BE_TYPED_FOR = timedelta(days=1)
MOST_LIVE, MOST_A_DAY = 10, 50
"""Of one exam: at a time, and also ended ones, as each leaves rows that stay."""


@dataclass(frozen=True)
class ListedHelper:
    """`opened_at`: None of a code that nobody typed yet. `over`: by time."""

    id: uuid.UUID
    created_at: datetime
    expires_at: datetime
    opened_at: datetime | None
    device: str | None
    revoked: bool
    over: bool


@dataclass(frozen=True, kw_only=True)
class HelperCodes:
    """Decides which browser of a helper sees the exam. Raises AccessRefused, TooManyAttempts, Conflict, NotFound,
    InvalidInput (reason)."""

    db: Database
    clock: Clock
    codes: Codes
    fields: FieldSealer
    audit: Audit
    refusals: CountedRefusals
    tries: GuestTries

    def give(self, access: PatientAccess) -> str:
        """A new code, for the patient alone to see. Raises Conflict when the exam has as many as it may have."""
        with self.db.session() as session:
            code = self._new(session, access.exam_id)
            self.audit.record(
                session, Action.HELPER_CODE_GIVEN, actor=access.actor, subject=exam_subject(access.exam_id)
            )
        return code

    def give_at_desk(self, exam_id: uuid.UUID, note: str, actor: str) -> str:
        """The same for a patient whom staff identified. `note`: why."""
        note = checked_reason(note)
        with self.db.session() as session:
            code = self._new(session, exam_id)
            subject = exam_subject(exam_id)
            self.audit.record(session, Action.STAFF_GAVE_HELPER_CODE, actor=actor, subject=subject, note=note)
        return code

    def open_exam(self, typed: str, address: str, device: DeviceKind) -> tuple[uuid.UUID, uuid.UUID]:
        """The new session of the browser in which a code was typed, and its exam. A code opens one browser. Raises
        AccessRefused for every reason alike, TooManyAttempts."""
        code_hash = self._hash(normal_code(typed))
        with self.db.session() as session:
            claim = self.tries.claim(session, GuestDoor.HELPER, address, self.clock.now())
        if claim.retry_after_s:
            raise TooManyAttempts(claim.retry_after_s)
        with self.db.session() as session:
            now = self.clock.now()
            found = repo.unused(session, code_hash, now)
            latest = now + HELPER_LIFETIME
            ends_at = not_past_childhood(session, self.fields, found[1], now, latest) if found else latest
            if found is not None and repo.use(session, found[0].id, now, ends_at, device):
                self.tries.give_back(session, claim.counted)
                return self._begin(session, *found, now, ends_at), found[1].id
            self._refused(session, code_hash, address)
        raise AccessRefused

    def _refused(self, session: Session, code_hash: bytes, address: str) -> None:
        """Who types a code of ours that is used, over or ended is seen. Made-up codes have no end."""
        ours = repo.by_hash(session, code_hash)
        self.refusals.record_at_code_in(
            session,
            Action.ACCESS_FAILED,
            actor="guest",
            subject=exam_subject(ours.exam_id) if ours is not None else code_subject(code_hash),
            address=address,
            code_key=code_hash,
            is_ours=ours is not None,
        )

    def of(self, access: PatientAccess) -> list[ListedHelper]:
        """The codes of this exam, the newest first."""
        with self.db.read() as session:
            now = self.clock.now()
            return [
                ListedHelper(
                    id=row.id,
                    created_at=row.created_at,
                    expires_at=row.expires_at,
                    opened_at=row.opened_at,
                    device=row.device,
                    revoked=row.revoked_at is not None,
                    over=row.expires_at <= now,
                )
                for row in repo.of_exam(session, access.exam_id, access.patient_id, MOST_LISTED)
            ]

    def revoke(self, access: PatientAccess, code_id: uuid.UUID) -> None:
        """End a code of this exam, with the session that it opened; twice is as once. Raises NotFound for another
        exam's."""
        with self.db.session() as session:
            if code_id not in {row.id for row in repo.of_exam(session, access.exam_id, access.patient_id, MOST_LISTED)}:
                raise NotFound
            if repo.revoke(session, access.exam_id, code_id, self.clock.now()):
                subject = exam_subject(access.exam_id)
                self.audit.record(session, Action.HELPER_CODE_REVOKED, actor=access.actor, subject=subject)

    def _new(self, session: Session, exam_id: uuid.UUID) -> str:
        now = self.clock.now()
        exam = gate.lock(session, exam_id)  # who gives at the same time waits, so both counts hold
        if exam is None:
            raise NotFound
        is_full = repo.count_live(session, exam_id, now) >= MOST_LIVE
        if is_full or repo.count_since(session, exam_id, now - timedelta(days=1)) >= MOST_A_DAY:
            raise Conflict("the exam has as many codes for helpers as it may have")
        code = "".join(secrets.choice(PICKUP_ALPHABET) for _ in range(LENGTH))
        row = HelperCode(
            exam_id=exam_id,
            code_hash=self._hash(code),
            patient_id=exam.patient_id,
            code_generation=exam.code_generation,
            created_at=now,
            expires_at=not_past_childhood(session, self.fields, exam, now, now + MAY_BE_TYPED_FOR),
        )
        repo.add(session, row)
        return code

    def _begin(self, session: Session, code: HelperCode, exam: Exam, now: datetime, ends_at: datetime) -> uuid.UUID:
        row = PatientSession(
            id=uuid.uuid4(),
            exam_id=exam.id,
            helper_code_id=code.id,
            created_at=now,
            last_seen_at=now,
            expires_at=ends_at,
        )
        repo.add(session, row)
        actor = f"helper-session:{row.id.hex}"
        self.audit.record(session, Action.HELPER_CODE_OPENED, actor=actor, subject=exam_subject(exam.id))
        return row.id

    def _hash(self, code: str) -> bytes:
        return self.codes.hash("helper", code)
