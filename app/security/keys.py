"""The master keys, read from one file. They wrap the data keys, and every other key is derived from the root key.

Sealing with a data key is in `sealing`. Wrapped data keys are rows of the database.
"""

import base64
import binascii
import json
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.errors import InsecureKeyFile, UnsealError
from app.security import private_files
from app.security.sealing import DOES_NOT_OPEN

KEY_BYTES = 32
ROOT_ID = "root"
_BOUND = "bound"
_MAGIC = b"CFK1"
_NONCE_BYTES = 12


class MasterKeys:
    """Named 256-bit keys. `root` never changes (derived keys depend on it); `current_id` wraps new data keys."""

    def __init__(
        self, current_id: str, keys: Mapping[str, bytes], *, are_demo: bool = False, fields_are_bound: bool = False
    ) -> None:
        """Raise `InsecureKeyFile` when root or current is missing, or a key has the wrong size."""
        if ROOT_ID not in keys or current_id not in keys:
            raise InsecureKeyFile(f"the key file must hold {ROOT_ID!r} and the current key")
        if any(len(key) != KEY_BYTES for key in keys.values()):
            raise InsecureKeyFile(f"every master key must have {KEY_BYTES} bytes")
        if any(not 0 < len(key_id.encode()) < 256 for key_id in keys):
            raise InsecureKeyFile("key ids must have 1 to 255 bytes")
        self.current_id = current_id
        self.are_demo = are_demo
        """True for the keys of a demo. No hospital may use them, because anybody may have seen the demo's tokens."""
        self.fields_are_bound = fields_are_bound
        """True where every sealed field is bound to its row. The file says so, because a mark in the database could be
        turned back by whoever can write there."""
        self._root = keys[ROOT_ID]
        # A key of the file is only used in HKDF, so no key serves two algorithms.
        self._wrapping = {key_id: AESGCM(_hkdf(key, "wrap-data-keys")) for key_id, key in keys.items()}

    @classmethod
    def from_file(cls, path: Path) -> "MasterKeys":
        """Read `{"current": id, "keys": {id: base64 of 32 bytes}}`, with `"demo": true` when a demo made it, and with
        `"fields": "bound"` when the first form of sealed fields is to be refused.

        Raise `InsecureKeyFile` when others than its owner can read it, or when it is no key file.
        """
        try:
            with path.open("rb") as file:
                mode = os.fstat(file.fileno()).st_mode
                if not stat.S_ISREG(mode) or stat.S_IMODE(mode) & 0o077:
                    raise InsecureKeyFile(f"{path.name}: must be a file that only its owner can read (chmod 600)")
                document = json.load(file)
            keys = {str(key_id): base64.b64decode(text, validate=True) for key_id, text in document["keys"].items()}
            return cls(
                str(document["current"]),
                keys,
                are_demo=bool(document.get("demo", False)),
                fields_are_bound=document.get("fields") == _BOUND,
            )
        except OSError as error:
            raise InsecureKeyFile(f"{path.name}: cannot be read ({error.strerror})") from error
        except (ValueError, KeyError, TypeError, AttributeError, binascii.Error) as error:
            # `from None`: the JSON error would quote the file.
            raise InsecureKeyFile(f"{path.name}: not a key file ({type(error).__name__})") from None

    @classmethod
    def generate(cls, path: Path, *, for_demo: bool = False) -> "MasterKeys":
        """Write a new key file (mode 600, durable) and return its keys. Raise `FileExistsError` when it exists."""
        current = f"k-{secrets.token_hex(4)}"
        keys = {ROOT_ID: secrets.token_bytes(KEY_BYTES), current: secrets.token_bytes(KEY_BYTES)}
        encoded = {name: base64.b64encode(key).decode() for name, key in keys.items()}
        document = {"current": current, "keys": encoded, "fields": _BOUND} | ({"demo": True} if for_demo else {})
        private_files.write_new(path, document)
        return cls(current, keys, are_demo=for_demo, fields_are_bound=True)

    @classmethod
    def rotate(cls, path: Path) -> "MasterKeys":
        """Add a key that wraps new data keys from now on. The older keys stay: they open the data keys they wrapped.

        The file is replaced in one step, so it is never half written. Raise `InsecureKeyFile` when it is no key file.
        """
        cls.from_file(path)
        document = json.loads(path.read_text())
        current = f"k-{secrets.token_hex(4)}"
        document["keys"][current] = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
        private_files.replace(path, document | {"current": current})
        return cls.from_file(path)

    @classmethod
    def mark_fields_bound(cls, path: Path) -> None:
        """Write into the file that the first form of sealed fields is refused from now on, in one step.

        Raise `InsecureKeyFile` when it is no key file, or cannot be written.
        """
        if cls.from_file(path).fields_are_bound:
            return
        try:
            private_files.replace(path, json.loads(path.read_text()) | {"fields": _BOUND})
        except OSError as error:
            raise InsecureKeyFile(f"{path.name}: cannot be written ({error.strerror})") from error

    def wrap(self, data_key: bytes, context: bytes) -> bytes:
        """Seal a data key with the current master key, bound to `context` (for example the data key's id)."""
        key_id = self.current_id.encode()
        head = _MAGIC + bytes([len(key_id)]) + key_id
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return head + nonce + self._wrapping[self.current_id].encrypt(nonce, data_key, head + context)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Open what `wrap` sealed, also with an older master key. Raises `UnsealError` when the bytes or the context
        differ."""
        head_end = len(_MAGIC) + 1 + (wrapped[len(_MAGIC)] if len(wrapped) > len(_MAGIC) else 0)
        head, rest = wrapped[:head_end], wrapped[head_end:]
        cipher = self._wrapping.get(head[len(_MAGIC) + 1 :].decode(errors="replace"))
        if cipher is None or not head.startswith(_MAGIC):
            raise UnsealError("wrapped by a master key that is not in the key file")
        try:
            return cipher.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], head + context)
        except DOES_NOT_OPEN:
            raise UnsealError("the wrapped data key does not open") from None

    def derive(self, purpose: str) -> bytes:
        """The 32-byte key for `purpose`. It never changes: HKDF-SHA256 (RFC 5869) from the root key."""
        return _hkdf(self._root, f"derive:{purpose}")


def _hkdf(key: bytes, info: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=b"cloudfilm:" + info.encode()).derive(key)
