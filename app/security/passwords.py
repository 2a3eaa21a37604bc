"""Passwords of staff: which are accepted, how they are hashed and compared. Accounts are in app/services/staff.

Argon2id with the library's defaults (RFC 9106, 4: second recommended option). GB/T 22239-2019 8.1.4.1 asks for
complexity and regular change.
"""

from __future__ import annotations

import secrets
import string
import unicodedata
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST, LONGEST = 10, 128
KINDS_NEEDED = 3
_hasher = PasswordHasher()
_ALPHABET = string.ascii_letters + string.digits + "-_+"


def fault(password: str, username: str) -> str | None:
    """The rule that a new password breaks: `length`, `kinds` or `username`; None for a good password."""
    password = _normal(password[: 4 * LONGEST])
    if not SHORTEST <= len(password) <= LONGEST:
        return "length"
    kinds = (str.islower, str.isupper, str.isdigit, lambda letter: not letter.isalnum())
    if sum(any(kind(letter) for letter in password) for kind in kinds) < KINDS_NEEDED:
        return "kinds"
    return "username" if username.casefold() in password.casefold() else None


def hashed(password: str) -> str:
    """The Argon2id string that is stored."""
    return _hasher.hash(_normal(password))


def is_right(password: str, stored: str | None) -> bool:
    """Whether the password is right. Without a stored hash the answer is False, and takes the same time."""
    try:
        _hasher.verify(stored if stored is not None else _nobodys(), _normal(password[: 4 * LONGEST]))
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def generated(username: str) -> str:
    """A random password of 20 characters that `fault` accepts."""
    while True:
        password = "".join(secrets.choice(_ALPHABET) for _ in range(20))
        if fault(password, username) is None:
            return password


def _normal(password: str) -> str:
    # A Chinese input method may type full-width letters for the same keys.
    return unicodedata.normalize("NFKC", password)


@lru_cache(maxsize=1)
def _nobodys() -> str:
    return _hasher.hash(secrets.token_hex(16))
