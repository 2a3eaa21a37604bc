"""Signed cookies that carry only a session's id (RFC 7519, HS256). The session's row says whether it is still valid."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from functools import lru_cache

import jwt

from app.errors import Unauthenticated

ALGORITHM = "HS256"


@dataclass(frozen=True)
class SessionTokens:
    """`audience`: a patient's cookie is not accepted as a cookie of staff, and the other way round."""

    key: bytes = field(repr=False)
    audience: str

    def issue(self, session_id: uuid.UUID) -> str:
        return jwt.encode({"sid": session_id.hex, "aud": self.audience}, self.key, algorithm=ALGORITHM)

    def read(self, token: str) -> uuid.UUID:
        """The session's id. Raises Unauthenticated unless we signed the token for this audience."""
        try:
            return _session_id(self.key, self.audience, token)
        except (jwt.InvalidTokenError, KeyError, ValueError, TypeError, AttributeError):
            raise Unauthenticated from None


@lru_cache(maxsize=4096)
def _session_id(key: bytes, audience: str, token: str) -> uuid.UUID:
    """The verified id in a token. It is cached: a token holds no time, and a stack has a hundred pictures."""
    return uuid.UUID(hex=jwt.decode(token, key, algorithms=[ALGORITHM], audience=audience)["sid"])
