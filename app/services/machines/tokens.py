"""Bearer tokens of systems (PACS, RIS, viewers): create, list, recognise, revoke.

Reading them from a request is in app/web/machine/auth.py.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.clock import Clock
from app.database import Database
from app.errors import Conflict, InvalidInput, NotFound, Unauthenticated
from app.models import MachineToken
from app.repos.machines import tokens as repo
from app.security.permissions import Scope
from app.services.audit.log import Action, Audit
from app.services.audit.subjects import EVERY_MACHINE, machine_subject

LONGEST_NAME = 64
SHORTEST_PREFIX = 8


@dataclass(frozen=True)
class MachineCaller:
    """An authenticated system."""

    name: str
    scopes: frozenset[str]


@dataclass(frozen=True)
class ListedToken:
    """`fingerprint`: the start of the token's SHA-256. It identifies the token and opens nothing."""

    fingerprint: str
    name: str
    scopes: str
    created_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class MachineTokens:
    """Decides which system a bearer token belongs to. Raises Unauthenticated; commands also raise InvalidInput,
    Conflict, NotFound."""

    db: Database
    clock: Clock
    audit: Audit

    def create(self, name: str, scopes: Set[str], actor: str) -> str:
        """A new token of 256 bits; only its SHA-256 is kept. Raises InvalidInput, Conflict (name taken).

        The name of a revoked token stays taken: in the audit log it means the old system.
        """
        if not 0 < len(name.strip()) <= len(name) <= LONGEST_NAME or not name.isprintable():
            raise InvalidInput("name", f"must be 1 to {LONGEST_NAME} printable characters")
        unknown = scopes - set(Scope)
        if unknown or not scopes:
            raise InvalidInput("scopes", "must be some of " + " ".join(sorted(Scope)))
        token = secrets.token_urlsafe(32)
        with self.db.session() as session:
            if repo.by_name(session, name) is not None:
                raise Conflict("a token of this name exists")
            self._add(session, name, scopes, token, actor)
        return token

    def listed(self, actor: str) -> list[ListedToken]:
        """Every token, also the revoked ones, oldest first."""
        with self.db.session() as session:
            self.audit.record(session, Action.TOKENS_LISTED, actor=actor, subject=EVERY_MACHINE)
            return [
                ListedToken(row.token_hash.hex()[:12], row.name, row.scopes, row.created_at, row.revoked_at)
                for row in repo.everyone(session)
            ]

    def revoke(self, which: str, actor: str) -> str:
        """End a token from the next request on. `which`: its name, or the start of its SHA-256. Returns its name.

        Raises NotFound, Conflict (revoked before, or several tokens start so).
        """
        with self.db.session() as session:
            row = repo.by_name(session, which) or self._by_prefix(session, which.lower())
            if row.revoked_at is not None:
                raise Conflict("the token is revoked already")
            row.revoked_at = self.clock.now()
            self.audit.record(session, Action.TOKEN_REVOKED, actor=actor, subject=machine_subject(row.name))
            return row.name

    def ensure(self, name: str, scopes: Set[str], token: str, actor: str) -> None:
        """Create a token with a known value; when the name exists, change nothing. Only for the demo, which has its own
        secrets."""
        with self.db.session() as session:
            if repo.by_name(session, name) is None:
                self._add(session, name, scopes, token, actor)

    def authenticate(self, token: str) -> MachineCaller:
        """The system of a token. Raises Unauthenticated for an unknown or revoked token."""
        found = repo.name_and_scopes(self.db.look_up, _hash(token))
        if found is None:
            raise Unauthenticated
        name, scopes = found
        return MachineCaller(name, frozenset(scopes.split()))

    def _by_prefix(self, session: Session, prefix: str) -> MachineToken:
        starting = [row for row in repo.everyone(session) if row.token_hash.hex().startswith(prefix)]
        if len(prefix) < SHORTEST_PREFIX or not starting:
            raise NotFound("no token of this name or fingerprint")
        if len(starting) > 1:
            raise Conflict("several tokens start so")
        return starting[0]

    def _add(self, session: Session, name: str, scopes: Set[str], token: str, actor: str) -> None:
        written = " ".join(sorted(scopes))
        repo.add(
            session,
            MachineToken(name=name, token_hash=_hash(token), scopes=written, created_at=self.clock.now()),
        )
        self.audit.record(session, Action.TOKEN_CREATED, actor=actor, subject=machine_subject(name), scopes=written)


def _hash(token: str) -> bytes:
    # 256 random bits need no slow hash; looking up the hash in an index tells nothing about the token
    return hashlib.sha256(token.encode()).digest()
