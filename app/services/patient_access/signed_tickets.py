"""What tickets of patients and of guests have in common: they are signed and not stored, live for ten minutes, and are
used once. What a ticket opens is in `tickets`, and in services/sharing for guests.

A ticket holds the id of the session that it begins, so the row of that session is the mark that it was used.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import jwt
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.clock import Clock
from app.errors import AccessRefused

LIFETIME = timedelta(minutes=10)
SKEW = timedelta(minutes=1)
"""So far the clocks of two servers may differ."""
_ALGORITHM = "HS256"


@dataclass(frozen=True, kw_only=True)
class SignedTickets:
    """Tickets of one kind. `audience`: its name, so that no ticket is taken for one of the other kind. `names`: the ids
    that each ticket holds."""

    clock: Clock
    key: bytes = field(repr=False)
    audience: str
    names: tuple[str, ...]

    def issue(self, **ids: uuid.UUID) -> str:
        """A new ticket with these ids, one for each of `names`. Nothing is written."""
        said: dict[str, str | int] = {name: ids[name].hex for name in self.names}
        said |= {"at": int(self.clock.now().timestamp()), "aud": self.audience}
        return jwt.encode(said, self.key, algorithm=_ALGORITHM)

    def read(self, text: str) -> tuple[uuid.UUID, ...]:
        """The ids of a ticket in the order of `names`, also when it is used or over. No look-up. Raises AccessRefused
        when we did not sign it."""
        return self._read(text)[0]

    def read_live(self, text: str) -> tuple[uuid.UUID, ...]:
        """As `read`. Raises AccessRefused when the ticket is over, too."""
        ids, given_at = self._read(text)
        now = int(self.clock.now().timestamp())
        if not given_at - SKEW.total_seconds() <= now < given_at + LIFETIME.total_seconds():
            raise AccessRefused
        return ids

    def _read(self, text: str) -> tuple[tuple[uuid.UUID, ...], int]:
        try:
            said = jwt.decode(text, self.key, algorithms=[_ALGORITHM], audience=self.audience)
            return tuple(uuid.UUID(hex=said[name]) for name in self.names), int(said["at"])
        except (jwt.InvalidTokenError, KeyError, ValueError, TypeError, AttributeError):
            raise AccessRefused from None


def use_once(session: Session, add: Callable[[], None]) -> None:
    """Add the row of the session that a ticket begins. Raises AccessRefused when it is there already: the ticket was
    used before."""
    try:
        with session.begin_nested():
            add()
    except IntegrityError:
        raise AccessRefused from None
