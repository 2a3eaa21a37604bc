"""Marks that replace network addresses where an address must not be kept, as in the audit log.

The same address always gives the same mark. Without the key nobody can find the address of a mark: with a plain hash,
somebody could try all IPv4 addresses.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field

from app.security.addresses import address_of

MARK_BYTES = 8


@dataclass(frozen=True)
class AddressMarks:
    """`key`: 32 bytes that serve only this purpose."""

    key: bytes = field(repr=False)

    def mark(self, text: str) -> str:
        """The mark of an address, 16 hexadecimal digits. All texts that are no address have the same mark."""
        try:
            address = str(address_of(text))
        except ValueError:
            address = "unknown"
        return hmac.new(self.key, address.encode(), hashlib.sha256).digest()[:MARK_BYTES].hex()
