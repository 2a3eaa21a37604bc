"""Person names of DICOM headers, decoded even where the character set is missing or wrongly labelled (PS3.5 6.1, 6.2).

Names are compared in app/identity.
"""

from __future__ import annotations

import re
import unicodedata

from pydicom.charset import decode_bytes, python_encoding
from pydicom.valuerep import PN_DELIMS

LENIENT = ("utf-8", "gb18030")
ESCAPE = b"\x1b"
TO_GB2312 = b"\x1b$)A"
"""The escape to ISO 2022 IR 58 in G1 (PS3.3 table C.12-4). The bytes that follow are also valid GB 18030."""


def decode_person_name(raw: bytes, character_sets: list[str]) -> tuple[str, ...]:
    """The component groups (alphabetic, ideographic, phonetic) of a PN value, without empty groups.

    The declared character set is tried first. When the result does not read as a name, UTF-8 and then GB18030 are tried
    strictly, because Chinese devices write both without declaring them. In two cases the bytes decide and not the
    declaration: an escape to GB 2312, and valid UTF-8 with Han characters (a name in GB 18030 is never that by chance).
    """
    if TO_GB2312 in raw:
        raw, character_sets = raw.replace(TO_GB2312, b""), ["GB18030"]
    declared, utf8 = _declared(raw, character_sets), _strict(raw, "utf-8")
    certain = utf8 if utf8 is not None and is_chinese(utf8) else None
    candidates = [certain, declared, *(_strict(raw, encoding) for encoding in LENIENT)]
    plausible = [text for text in candidates if text is not None and reads_as_name(text)]
    text = plausible[0] if plausible else declared if declared is not None else raw.decode("latin-1")
    return tuple(group for part in text.split("=") if (group := " ".join(part.replace("\0", "").split())))


def reads_as_name(text: str) -> bool:
    """False for a wrong decoding: replacement or control characters, or a group with many accented letters."""
    if "�" in text or any(unicodedata.category(letter) in ("Cc", "Cn", "Co") for letter in text):
        return False
    for group in text.split("="):
        suspicious = sum("\x80" <= letter <= "ÿ" for letter in group)
        if suspicious >= 2 and suspicious * 3 >= len(group):
            return False
    return True


def _declared(raw: bytes, character_sets: list[str]) -> str | None:
    """The value in the declared character sets; None when a label is unknown, or the bytes do not fit the labels."""
    if any(label not in python_encoding for label in character_sets):
        return None
    encodings = [python_encoding[label] for label in character_sets or [""]]
    if encodings == [python_encoding[""]]:
        return _strict(raw, "ascii")
    if ESCAPE not in raw:
        return _strict(raw, encodings[0])
    return decode_bytes(raw, encodings, set(PN_DELIMS))


def _strict(raw: bytes, encoding: str) -> str | None:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return None


_HAN = re.compile(r"[㐀-鿿豈-﫿\U00020000-\U0003134f]")


def is_chinese(name: str) -> bool:
    return bool(_HAN.search(name))
