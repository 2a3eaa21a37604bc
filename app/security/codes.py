"""Codes that leave the hospital: their alphabets, how they are derived, how they are hashed. No tables, no clock.

Codes are derived from a key and never stored: the database holds only keyed hashes. A reprint or a retry after a crash
gives the same code again.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import unicodedata
from dataclasses import dataclass, field

LONG_LENGTH, PICKUP_LENGTH, ONE_TIME_DIGITS, DESK_DIGITS = 26, 6, 6, 12
PICKUP_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_LONG = re.compile(rf"[A-Z2-7]{{{LONG_LENGTH}}}\Z")
_PICKUP = re.compile(rf"[{PICKUP_ALPHABET}]{{{PICKUP_LENGTH}}}\Z")
MAX_TYPED = 64


def normal_code(typed: str) -> str:
    """The typed code in the form that is compared: NFKC, upper case, no spaces or hyphens, at most 64 characters."""
    folded = unicodedata.normalize("NFKC", typed[: 4 * MAX_TYPED]).upper()
    return re.sub(r"[\s-]", "", folded)[:MAX_TYPED]


def is_long(code: str) -> bool:
    return bool(_LONG.match(code))


def is_pickup(code: str) -> bool:
    return bool(_PICKUP.match(code))


def normal_factor(typed: str) -> str:
    """A typed ID number, or its last four, in the form that is compared: NFKC, upper case, only letters and digits."""
    return re.sub(r"[^0-9A-Z]", "", unicodedata.normalize("NFKC", typed[:32]).upper())


def normal_digits(typed: str) -> str:
    """Typed digits in the form that is compared: NFKC, only digits, at most 64."""
    folded = unicodedata.normalize("NFKC", typed[: 4 * MAX_TYPED])
    return re.sub(r"[^0-9]", "", folded)[:MAX_TYPED]


@dataclass(frozen=True)
class Codes:
    """`derivation` is the key that makes codes, `hashing` the key of their stored hashes. Each has 32 bytes."""

    derivation: bytes = field(repr=False)
    hashing: bytes = field(repr=False)

    def long_code(self, kind: str, exam_id: bytes, serial: int) -> str:
        """130 bits as 26 characters of base32 (RFC 4648)."""
        return base64.b32encode(self._derive(kind, exam_id, serial)).decode()[:LONG_LENGTH]

    def pickup_code(self, exam_id: bytes, serial: int) -> str:
        """Six of 31 characters without look-alikes: 29 bits, so the code is looked up only together with the phone."""
        number = int.from_bytes(self._derive("pickup", exam_id, serial), "big")
        letters = []
        for _ in range(PICKUP_LENGTH):
            number, at = divmod(number, len(PICKUP_ALPHABET))
            letters.append(PICKUP_ALPHABET[at])
        return "".join(letters)

    def one_time_code(self, code_id: bytes) -> str:
        """Six digits for one use."""
        return self._digits(code_id, ONE_TIME_DIGITS)

    def desk_code(self, code_id: bytes) -> str:
        """Twelve digits for one use. A thousand tries a second for ten minutes have a chance of one in a million."""
        return self._digits(code_id, DESK_DIGITS)

    def hash(self, purpose: str, *parts: str) -> bytes:
        """HMAC-SHA256 of a value that is looked up or compared. Another `purpose` gives another hash."""
        message = "\0".join((purpose, *parts)).encode("utf-8", "replace")
        return hmac.new(self.hashing, message, hashlib.sha256).digest()

    def _digits(self, code_id: bytes, length: int) -> str:
        return f"{int.from_bytes(self._derive('one-time', code_id, 0), 'big') % 10**length:0{length}d}"

    def _derive(self, purpose: str, subject: bytes, serial: int) -> bytes:
        message = purpose.encode() + b"\0" + subject + serial.to_bytes(8, "big")
        return hmac.new(self.derivation, message, hashlib.sha256).digest()
