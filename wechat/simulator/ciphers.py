"""Signatures and ciphers of pushes, as WeChat makes them; written from its description, without any library for WeChat.

Source: developers.weixin.qq.com, "消息加解密说明": AES-256-CBC, IV of the key's first 16 bytes, PKCS#7 to 32.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 32


def signature(*parts: str) -> str:
    """SHA-1 of the sorted parts, joined: token, timestamp and nonce, and the ciphertext for `msg_signature`."""
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()  # noqa: S324 - the vendor's algorithm


def relay_signature(secret: str, timestamp: str, query: str, body: bytes) -> str:
    """How the relay of another vendor signs what it forwards: HMAC-SHA256 over its own time, the query and the body."""
    return hmac.new(secret.encode(), f"{timestamp}\n{query}\n".encode() + body, hashlib.sha256).hexdigest()


def encrypted(text: str, aes_key: str, appid: str) -> str:
    """Sixteen random bytes, the length (4 bytes, big-endian), the text, the appid; in base64."""
    content = text.encode()
    plain = os.urandom(16) + len(content).to_bytes(4, "big") + content + appid.encode()
    pad = BLOCK - len(plain) % BLOCK
    encryptor = _cipher(aes_key).encryptor()
    return base64.b64encode(encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize()).decode()


def decrypted(text: str, aes_key: str, appid: str) -> str:
    """Raises ValueError for what was not encrypted with this key for this account."""
    decryptor = _cipher(aes_key).decryptor()
    plain = decryptor.update(base64.b64decode(text, validate=True)) + decryptor.finalize()
    pad = plain[-1] if plain else 0
    if not 1 <= pad <= BLOCK or len(plain) < 20 + pad:
        raise ValueError("padding")
    plain = plain[:-pad]
    length = int.from_bytes(plain[16:20], "big")
    if plain[20 + length :].decode() != appid:
        raise ValueError("appid")
    return plain[20 : 20 + length].decode()


def _cipher(aes_key: str) -> Cipher[modes.CBC]:
    key = base64.b64decode(aes_key + "=")
    return Cipher(algorithms.AES(key), modes.CBC(key[:16]))
