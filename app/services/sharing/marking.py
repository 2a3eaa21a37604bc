"""Puts who and when into the pixels of what a share shows: a picture that is passed on names the opening it came from.
How it is drawn is `app/imaging/display/watermark`; the words are in templates/guest."""

from __future__ import annotations

import struct
import tomllib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from app.clock import CHINA
from app.imaging.display.watermark import MIME_FORMATS, stamped
from app.services.audit.looks import guest_number
from app.services.paper.font import font_file
from app.services.sharing.guests import GuestAccess

WORDS_FILE = Path(__file__).resolve().parent.parent.parent.parent / "templates" / "guest" / "watermark.toml"
PICTURES = frozenset(MIME_FORMATS)
"""The kinds of pictures that can be marked. A share shows no others."""


@lru_cache(maxsize=1)
def _words() -> dict[str, str]:
    with WORDS_FILE.open("rb") as file:
        return tomllib.load(file)


def mark_of(access: GuestAccess) -> str:
    at = f"{access.opened_at.astimezone(CHINA):%Y-%m-%d %H:%M}"
    return _words()["text"].format(number=guest_number(access.session_id), at=at)


def marked(picture: bytes, mimetype: str, access: GuestAccess) -> bytes:
    """Raises ValueError for another kind than PICTURES. Empty (it cannot be shown) stays empty."""
    return stamped(picture, mimetype, mark_of(access), font_file()) if picture else b""


def marked_batch(body: bytes, access: GuestAccess) -> bytes:
    """A batch of JPEGs, each after its length (4 bytes, big-endian), with every picture marked."""
    pieces = (marked(piece, "image/jpeg", access) for piece in _pieces(body))
    return b"".join(struct.pack(">I", len(piece)) + piece for piece in pieces)


def _pieces(body: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(body):
        (length,) = struct.unpack_from(">I", body, at)
        yield body[at + 4 : at + 4 + length]
        at += 4 + length
