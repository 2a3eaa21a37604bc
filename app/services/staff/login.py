"""Logs staff in with password and one-time password, and checks their sessions. Accounts are in `accounts`.

A try is counted by name, in a committed row, before anything is compared, also for a name without an account. So an
attacker does not learn who has an account, and parallel guesses get no more than five tries.
"""

from __future__ import annotations

import unicodedata
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.clock import Clock
from app.database import Database
from app.errors import AccessRefused, TooManyAttempts, Unauthenticated
from app.models import StaffSession, StaffUser
from app.models.states import AttemptScope
from app.repos.patient_access import attempts as attempts_repo
from app.repos.staff import accounts as repo
from app.security import passwords, totp
from app.security.address_marks import AddressMarks
from app.security.codes import Codes
from app.security.fields import FieldSealer
from app.services.audit.counted_refusals import CountedRefusals
from app.services.audit.log import Action, Audit
from app.services.audit.subjects import UNKNOWN_STAFF, staff_subject
from app.services.session_times import SESSION_LIFETIME, is_alive, is_to_be_touched, touch
from app.services.staff.accounts import PASSWORD_LIFETIME

SCOPE = AttemptScope.STAFF
IN_A_ROW = 5
LOCK = timedelta(minutes=15)
NEVER_FOR_LIFE = 2**31 - 1


@dataclass(frozen=True, slots=True)
class StaffAccess:
    """A live session of a member of staff."""

    session_id: uuid.UUID
    user_id: uuid.UUID
    username: str
    role: str
    must_change_password: bool

    @property
    def actor(self) -> str:
        return f"staff:{self.username}"


@dataclass(frozen=True, kw_only=True)
class StaffLogin:
    """Decides who is logged in. `idle`: how long an unused session lives. Raises AccessRefused, TooManyAttempts,
    Unauthenticated.
    """

    db: Database
    clock: Clock
    codes: Codes
    fields: FieldSealer
    audit: Audit
    address_marks: AddressMarks
    refusals: CountedRefusals
    authenticators: Clock
    idle: timedelta

    def log_in(self, username: str, password: str, typed_totp: str, address: str) -> uuid.UUID:
        """The new session's id. Raises AccessRefused for every wrong input alike, TooManyAttempts while locked.

        The audit log keeps a mark of `address`, so the auditor sees which tries came from the same address.
        """
        name = unicodedata.normalize("NFKC", username[:64]).strip().casefold()
        key = self.codes.hash("staff-login", name)
        user = self._claim(name, key)
        step = self._proved(user, password, typed_totp, self.authenticators.now())
        mark = self.address_marks.mark(address)
        with self.db.session() as session:
            now = self.clock.now()
            if user is not None and step is not None and repo.use_totp_step(session, user, step):
                attempts_repo.reset_attempts(session, SCOPE, key, now)
                row = StaffSession(user_id=user.id, created_at=now, last_seen_at=now, expires_at=now + SESSION_LIFETIME)
                repo.add(session, row)
                subject = staff_subject(name)
                self.audit.record(
                    session, Action.STAFF_LOGIN, actor=f"staff:{name}", subject=subject, address_mark=mark
                )
                return row.id
            self._refused(session, name, user, address)
        raise AccessRefused

    def check(self, session_id: uuid.UUID) -> StaffAccess:
        """The member of staff of this session. Raises Unauthenticated when the session is over for any reason."""
        now = self.clock.now()
        with self.db.read() as session:
            row = repo.session_row(session, session_id)
        if row is None or row.disabled_at is not None or not is_alive(row, now, self.idle):
            raise Unauthenticated
        if is_to_be_touched(row, now):
            touch(self.db, lambda session: repo.touch_session(session, session_id, now))
        over_age = now - row.password_changed_at > PASSWORD_LIFETIME
        return StaffAccess(session_id, row.user_id, row.username, row.role, must_change_password=over_age)

    def log_out(self, access: StaffAccess) -> None:
        with self.db.session() as session:
            repo.revoke_session(session, access.session_id, self.clock.now())
            self.audit.record(session, Action.STAFF_LOGOUT, actor=access.actor, subject=access.actor)

    def _refused(self, session: Session, name: str, user: StaffUser | None, address: str) -> None:
        """Tries at an account are few, and each has its row. Made-up names have no end, so few of them have one; such a
        name may be a password in the wrong field: it is not stored."""
        subject = staff_subject(name) if user is not None else UNKNOWN_STAFF
        action, is_kept = Action.STAFF_LOGIN_FAILED, user is not None
        self.refusals.record_alike_in(
            session, action, actor="unknown", subject=subject, address=address, is_kept=is_kept
        )

    def _claim(self, name: str, key: bytes) -> StaffUser | None:
        """Count the try and find its account, or None. Raises TooManyAttempts."""
        with self.db.session() as session:
            now = self.clock.now()  # read under the lock: a request that waited for the lock counts from now
            attempts_repo.ensure_attempts(session, SCOPE, key, now)
            counted = attempts_repo.count_attempt(
                session, SCOPE, key, now, pause=LOCK, in_a_row=IN_A_ROW, for_life=NEVER_FOR_LIFE
            )
            if not counted:
                attempts_repo.shorten_pause(session, SCOPE, key, now, LOCK)
            row = attempts_repo.attempts(session, SCOPE, key)
            user = repo.by_username(session, name)
        if not counted:
            until = row.paused_until if row else None
            raise TooManyAttempts(max(1, int((until - now).total_seconds())) if until else int(LOCK.total_seconds()))
        return user

    def _proved(self, user: StaffUser | None, password: str, typed_totp: str, now: datetime) -> int | None:
        """The time step when password and one-time password are right, else None. The work is the same for every
        name."""
        usable = user if user is not None and user.disabled_at is None else None
        right = passwords.is_right(password, usable.password_hash if usable else None)
        secret = self.fields.open_of(usable, "totp_sealed") if usable else totp.new_secret()
        step = totp.matching_step(secret, typed_totp, now)
        return step if right and usable is not None else None
