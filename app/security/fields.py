"""Sealed database fields: short texts such as names and phone numbers. Whole files are sealed in `sealing`."""

import secrets

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.errors import UnsealError
from app.security.sealing import DOES_NOT_OPEN

_VERSION = b"\x01"
_NONCE_BYTES = 12


class FieldSealer:
    """AES-256-GCM with a random 96-bit nonce (NIST SP 800-38D 8.2.2), bound to the column of the field."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, text: str, context: str) -> bytes:
        """Seal `text` for `context`, for example `patient.name`. Equal texts give different bytes."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _VERSION + nonce + self._cipher.encrypt(nonce, text.encode(), _VERSION + context.encode())

    def open(self, blob: bytes, context: str) -> str:
        """Open what `seal` made for the same context. Raises UnsealError for other bytes or another context."""
        nonce, sealed = blob[1 : 1 + _NONCE_BYTES], blob[1 + _NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce, sealed, blob[:1] + context.encode()).decode()
        except DOES_NOT_OPEN:
            raise UnsealError(f"the sealed field {context} does not open") from None
