"""Accounts of hospital staff: create, reset, disable, change a password. Logging in is in `login`.

An account starts with a password that its owner must change at the first login, and then every 90 days.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from app.clock import Clock
from app.database import Database
from app.errors import Conflict, InvalidInput, NotFound
from app.models import StaffUser
from app.repos.staff import accounts as repo
from app.security import passwords, totp
from app.security.fields import FieldSealer
from app.security.permissions import Role
from app.services.audit.log import Action, Audit
from app.services.audit.subjects import staff_subject

TOTP_CONTEXT = "staff_user.totp"
PASSWORD_LIFETIME = timedelta(days=90)
NOT_BY_ITS_OWNER = datetime(1970, 1, 1, tzinfo=UTC)
"""The date of a password that its owner did not choose: such a password is over age from the start."""
_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,31}\Z")


@dataclass(frozen=True)
class Credentials:
    """What the owner of a new account is told, once."""

    username: str
    role: str
    password: str = field(repr=False)
    totp_secret: str = field(repr=False)


@dataclass(frozen=True)
class StaffView:
    username: str
    role: str
    disabled: bool
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class StaffAccounts:
    """Decides who has an account and which password is good enough. Raises InvalidInput, Conflict, NotFound."""

    db: Database
    clock: Clock
    fields: FieldSealer
    audit: Audit

    def create(self, username: str, role: str, actor: str) -> Credentials:
        """A new account. Raises InvalidInput (username, role), Conflict (username taken)."""
        if not _USERNAME.match(username):  # checked first: every password contains an empty name
            raise InvalidInput("username", "must be 2 to 32 small letters, digits, dots, hyphens or underscores")
        if role not in tuple(Role):
            raise InvalidInput("role", "must be one of " + ", ".join(Role))
        fresh = Credentials(username, role, passwords.generated(username), totp.new_secret())
        password_hash = passwords.hashed(fresh.password)  # slow on purpose: done before the write lock
        with self.db.session() as session:
            if repo.by_username(session, username) is not None:
                raise Conflict("an account of this name exists")
            self._add(session, fresh, password_hash, NOT_BY_ITS_OWNER, actor)
        return fresh

    def ensure(self, account: Credentials, actor: str) -> None:
        """Create an account with known secrets. When it exists, only renew the age of its password. Only for the
        demo."""
        with self.db.session() as session:
            user = repo.by_username(session, account.username)
            if user is None:
                self._add(session, account, passwords.hashed(account.password), self.clock.now(), actor)
            else:
                user.password_changed_at = self.clock.now()

    def reset(self, username: str, actor: str) -> Credentials:
        """Make a new password and a new authenticator. Every session ends; a disabled account works again. Raises
        NotFound."""
        password, secret = passwords.generated(username), totp.new_secret()
        password_hash = passwords.hashed(password)
        with self.db.session() as session:
            user = self._existing(session, username)
            fresh = Credentials(username, user.role, password, secret)
            user.password_hash = password_hash
            user.totp_sealed = self.fields.seal(fresh.totp_secret, TOTP_CONTEXT)
            user.totp_last_step = user.disabled_at = None
            user.password_changed_at = NOT_BY_ITS_OWNER
            self._end_sessions(session, user, Action.STAFF_RESET, actor)
        return fresh

    def disable(self, username: str, actor: str) -> None:
        """Disable the account and end its sessions at once. Raises NotFound."""
        with self.db.session() as session:
            user = self._existing(session, username)
            user.disabled_at = user.disabled_at or self.clock.now()
            self._end_sessions(session, user, Action.STAFF_DISABLED, actor)

    def everybody(self) -> list[StaffView]:
        with self.db.read() as session:
            return [
                StaffView(user.username, user.role, user.disabled_at is not None, user.created_at)
                for user in repo.everybody(session)
            ]

    def change_password(self, user_id: uuid.UUID, current: str, new: str) -> None:
        """Change the password, by the owner. Every session ends. Raises InvalidInput (`current`, or `new` with the rule
        it breaks)."""
        with self.db.read() as session:
            user = repo.get(session, user_id)
        if user is None or not passwords.is_right(current, user.password_hash):
            raise InvalidInput("current", "wrong")
        rule = passwords.fault(new, user.username) or ("same" if passwords.is_right(new, user.password_hash) else None)
        if rule is not None:
            raise InvalidInput("new", rule)
        proved, fresh = user.password_hash, passwords.hashed(new)
        with self.db.session() as session:
            user = self._existing(session, user.username)
            if user.password_hash != proved:
                raise InvalidInput("current", "wrong")  # the password was changed meanwhile
            user.password_hash, user.password_changed_at = fresh, self.clock.now()
            self._end_sessions(session, user, Action.STAFF_PASSWORD_CHANGED, f"staff:{user.username}")

    def _existing(self, session: Session, username: str) -> StaffUser:
        user = repo.by_username(session, username)
        if user is None:
            raise NotFound
        return user

    def _add(
        self, session: Session, account: Credentials, password_hash: str, password_changed_at: datetime, actor: str
    ) -> None:
        repo.add(
            session,
            StaffUser(
                username=account.username,
                role=account.role,
                password_hash=password_hash,
                totp_sealed=self.fields.seal(account.totp_secret, TOTP_CONTEXT),
                password_changed_at=password_changed_at,
                created_at=self.clock.now(),
            ),
        )
        self._record(session, Action.STAFF_CREATED, account.username, actor, role=account.role)

    def _end_sessions(self, session: Session, user: StaffUser, action: Action, actor: str) -> None:
        session.flush()
        repo.revoke_sessions_of(session, user.id, self.clock.now())
        self._record(session, action, user.username, actor)

    def _record(self, session: Session, action: Action, username: str, actor: str, **detail: str) -> None:
        self.audit.record(session, action, actor=actor, subject=staff_subject(username), **detail)
