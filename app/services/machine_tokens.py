"""Bearer tokens of systems (PACS, RIS, viewers): create, recognise. How they travel is app/web/machine/auth.py."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.clock import Clock
from app.errors import Conflict, InvalidInput, Unauthenticated
from app.extensions import Database
from app.models import MachineToken
from app.repos import machine_tokens as repo
from app.services.audit import Action, Audit

SCOPES = frozenset({"upload", "read", "ris"})


@dataclass(frozen=True)
class MachineCaller:
    """An authenticated system."""

    name: str
    scopes: frozenset[str]


@dataclass(frozen=True)
class MachineTokens:
    db: Database
    clock: Clock
    audit: Audit

    def create(self, name: str, scopes: set[str], actor: str) -> str:
        """A new token of 256 bits; only its SHA-256 is kept. Raises InvalidInput, Conflict (name taken)."""
        unknown = scopes - SCOPES
        if unknown or not scopes:
            raise InvalidInput("scopes", "must be some of " + " ".join(sorted(SCOPES)))
        token = secrets.token_urlsafe(32)
        with self.db.session() as session:
            if repo.by_name(session, name) is not None:
                raise Conflict("a token of this name exists")
            self._add(session, name, scopes, token, actor)
        return token

    def ensure(self, name: str, scopes: set[str], token: str, actor: str) -> None:
        """A token of known value, made once; again it changes nothing. For the demo, whose secrets are its own."""
        with self.db.session() as session:
            if repo.by_name(session, name) is None:
                self._add(session, name, scopes, token, actor)

    def authenticate(self, token: str) -> MachineCaller:
        """The system a token belongs to. Raises Unauthenticated for anything else, revoked ones included."""
        found = repo.name_and_scopes(self.db.look_up, _hash(token))
        if found is None:
            raise Unauthenticated
        name, scopes = found
        return MachineCaller(name, frozenset(scopes.split()))

    def _add(self, session: Session, name: str, scopes: set[str], token: str, actor: str) -> None:
        written = " ".join(sorted(scopes))
        repo.add(
            session,
            MachineToken(name=name, token_hash=_hash(token), scopes=written, created_at=self.clock.now()),
        )
        self.audit.record(session, Action.TOKEN_CREATED, actor=actor, subject=f"machine:{name}", scopes=written)


def _hash(token: str) -> bytes:
    # 256 random bits need no slow hash; an index look-up of the hash leaks nothing of the token
    return hashlib.sha256(token.encode()).digest()
