"""Person names of DICOM headers, decoded even where the character set is missing or wrongly labelled (PS3.5 6.1, 6.2).

Comparing names is `identity`.
"""

from __future__ import annotations

import re
import unicodedata

from pydicom.charset import decode_bytes, python_encoding
from pydicom.valuerep import PN_DELIMS

LENIENT = ("utf-8", "gb18030")
ESCAPE = b"\x1b"
_DESIGNATOR = re.compile(r"\x1b[ -/]+[0-~]")
"""An ISO 2022 escape sequence; pydicom leaves those of GB 2312 (ISO 2022 IR 58) in the text."""


def decode_person_name(raw: bytes, character_sets: list[str]) -> tuple[str, ...]:
    """The component groups (alphabetic, ideographic, phonetic) of a PN value, empty ones left out.

    What is declared is tried first; where it does not read as a name, UTF-8 and then GB18030 are tried strictly,
    because Chinese devices write both without saying so.
    """
    declared = _declared(raw, character_sets)
    candidates = [declared, *(_strict(raw, encoding) for encoding in LENIENT)]
    plausible = [text for text in candidates if text is not None and reads_as_name(text)]
    text = plausible[0] if plausible else declared if declared is not None else raw.decode("latin-1")
    return tuple(group for part in text.split("=") if (group := " ".join(part.replace("\0", "").split())))


def reads_as_name(text: str) -> bool:
    """False for text with replacement or control characters, or a group mostly of accented letters: wrong decodings."""
    if "�" in text or any(unicodedata.category(letter) in ("Cc", "Cn", "Co") for letter in text):
        return False
    for group in text.split("="):
        suspicious = sum("\x80" <= letter <= "ÿ" for letter in group)
        if suspicious >= 2 and suspicious * 3 >= len(group):
            return False
    return True


def _declared(raw: bytes, character_sets: list[str]) -> str | None:
    """The value as its labels say; None when they are unknown, do not hold, or promise ASCII for other bytes."""
    if any(label not in python_encoding for label in character_sets):
        return None
    encodings = [python_encoding[label] for label in character_sets or [""]]
    if encodings == [python_encoding[""]]:
        return _strict(raw, "ascii")
    if ESCAPE not in raw:
        return _strict(raw, encodings[0])
    return _DESIGNATOR.sub("", decode_bytes(raw, encodings, set(PN_DELIMS)))


def _strict(raw: bytes, encoding: str) -> str | None:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return None
