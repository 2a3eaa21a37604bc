"""Blind indexes: equality search over sealed fields. The models say which fields have a blind index."""

import hashlib
import hmac
import unicodedata


def normalise(value: str) -> str:
    """The form that is compared: NFKC (full-width digits become plain), case folded, no outer blanks."""
    return unicodedata.normalize("NFKC", value).strip().casefold()


class BlindIndex:
    """HMAC-SHA256 under its own key. With the database alone nobody can read a value or test a guess."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, purpose: str, value: str) -> bytes:
        """32 bytes for `normalise(value)`; the same value under another purpose gives other bytes."""
        message = purpose.encode() + b"\x00" + normalise(value).encode()
        return hmac.digest(self._key, message, hashlib.sha256)
