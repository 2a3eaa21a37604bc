"""Signed cookies that carry a session's id and nothing else; the session's row is the truth (RFC 7519, HS256)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from functools import lru_cache

import jwt

from app.errors import Unauthenticated

ALGORITHM = "HS256"


@dataclass(frozen=True)
class SessionTokens:
    """`audience` keeps patients' and staff's cookies from standing in for each other."""

    key: bytes = field(repr=False)
    audience: str

    def issue(self, session_id: uuid.UUID) -> str:
        return jwt.encode({"sid": session_id.hex, "aud": self.audience}, self.key, algorithm=ALGORITHM)

    def read(self, token: str) -> uuid.UUID:
        """The session's id. Raises Unauthenticated for a token that we did not sign for this audience."""
        try:
            return _session_id(self.key, self.audience, token)
        except (jwt.InvalidTokenError, KeyError, ValueError, TypeError, AttributeError):
            raise Unauthenticated from None


@lru_cache(maxsize=4096)
def _session_id(key: bytes, audience: str, token: str) -> uuid.UUID:
    """The verified id of a token. A token holds no time, so it is verified once for the hundred pictures of a stack."""
    return uuid.UUID(hex=jwt.decode(token, key, algorithms=[ALGORITHM], audience=audience)["sid"])
