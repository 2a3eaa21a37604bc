"""Person names of DICOM headers (PS3.5 6.2). Names are compared in app/identity; bytes are decoded in `text_bytes`."""

from __future__ import annotations

from app.dicom.text_bytes import decode_text, is_chinese

__all__ = ["decode_person_name", "is_chinese"]


def decode_person_name(raw: bytes, character_sets: list[str]) -> tuple[str, ...]:
    """The component groups (alphabetic, ideographic, phonetic) of a PN value, without empty groups."""
    text = decode_text(raw, character_sets, is_name=True)
    return tuple(group for part in text.split("=") if (group := " ".join(part.replace("\0", "").split())))
