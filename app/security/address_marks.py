"""Marks that stand for network addresses where those may not be kept: the same for the same address, and no way back.

The key matters: of IPv4 all addresses could be tried.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field

from app.security.addresses import address_of

MARK_BYTES = 8


@dataclass(frozen=True)
class AddressMarks:
    """`key`: of this use alone, 32 bytes."""

    key: bytes = field(repr=False)

    def mark(self, text: str) -> str:
        """16 hexadecimal digits. Every text that is no address has the mark of the unknown address."""
        try:
            address = str(address_of(text))
        except ValueError:
            address = "unknown"
        return hmac.new(self.key, address.encode(), hashlib.sha256).digest()[:MARK_BYTES].hex()
