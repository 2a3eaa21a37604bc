"""Bytes of a header's texts -> text, also where the character set is missing or wrongly declared (PS3.5 6.1).

Chinese devices write GB 18030 or UTF-8 without declaring them, or declare something else. The declaration is believed
where its text reads as one; where it does not, the bytes decide. Person names and their groups are in `person_names`.
"""

from __future__ import annotations

import codecs
import itertools
import re
import unicodedata
from contextlib import suppress

from pydicom.charset import decode_bytes, python_encoding
from pydicom.valuerep import PN_DELIMS, TEXT_VR_DELIMS

from app.dicom.private_characters import with_public_codes

ESCAPE = b"\x1b"
TO_GB2312 = b"\x1b$)A"
"""The escape to ISO 2022 IR 58 in G1 (PS3.3 table C.12-4). The bytes that follow are also valid GB 18030."""
UTF8, GB18030 = "utf-8", "gb18030"
_LATIN = frozenset({"iso8859-1", "iso8859-2", "iso8859-3", "iso8859-4", "iso8859-9", "iso8859-15"})
_HAN = re.compile(r"[㐀-鿿豈-﫿\U00020000-\U0003134f]")
_WORDS = re.compile(r"[^\W\d_]+")
_GB2312 = re.compile(rb"(?:[\0-\x7f]|[\xb0-\xf7][\xa1-\xfe])*")
"""Nothing but ASCII and the Han characters of GB 2312."""
_GBK = re.compile(rb"(?:[\0-\x7f]|[\x81-\xfe][\x80-\xfe]|[\x81-\xfe][0-9][\x81-\xfe][0-9])*")
"""No character ends with a byte of ASCII: of a Latin letter and the letter after it, GBK would make one character."""
_RARE_LETTERS = (
    *(range(0x0180, 0x01A0), range(0x01B1, 0x01CD), range(0x01DD, 0x0218), range(0x021C, 0x0300)),  # Latin, phonetic
    *(range(0x03CF, 0x0400), range(0x0460, 0x0490), range(0x04BC, 0x04D8), range(0x04F0, 0x0530)),  # Greek, Cyrillic
    *(range(0x0600, 0x0620), range(0x06D6, 0x0800)),  # signs of Arabic, Syriac, Thaana, N'Ko
)
"""Below U+0800: letters that names of today have in no language, or of scripts that nobody here writes."""
_UNITS = "µªº"
"""Letters of no script."""
_BEFORE_HAN_IN_UTF8 = 0x0800


def decode_text(raw: bytes, character_sets: list[str], *, is_name: bool = False) -> str:
    """The text, with public codes for private ones. `is_name`: in a Chinese name no Latin letter stands beside a Han
    character. Never raises: bytes that read as nothing are taken as declared, or as Latin-1."""
    raw = raw.removeprefix(codecs.BOM_UTF8)
    if TO_GB2312 in raw:
        raw, character_sets = raw.replace(TO_GB2312, b""), ["GB18030"]
    encodings = _encodings(character_sets)
    names = [codecs.lookup(encoding).name for encoding in encodings]
    declared = _declared(raw, encodings, PN_DELIMS if is_name else TEXT_VR_DELIMS)
    utf8, gb18030 = _strict(raw, UTF8), _strict(raw, GB18030)
    certain = utf8 if utf8 is not None and is_chinese(utf8) else None
    if utf8 is not None and certain is None:
        certain = _encoded_once_more(utf8)
        if certain is None and _is_rather_gb2312(raw, utf8, UTF8 in names, is_name):
            certain = gb18030
    if utf8 is None and gb18030 is None and not is_name:
        certain = _cut_off(raw)
    if names and names[0] in _LATIN and declared is not None and not _reads_as_latin(declared):
        declared, unlikely = None, declared
    else:
        unlikely = None
    if gb18030 is not None and not _reads_as_gb18030(raw, gb18030, is_name) and GB18030 not in names:
        gb18030 = None
    candidates = [certain, declared, utf8, gb18030]
    public = [with_public_codes(text) for text in candidates if text is not None]
    plausible = [text for text in public if not _holds_odd_characters(text)]
    for text in (*plausible, declared, unlikely):
        if text is not None:
            return text
    return raw.decode("latin-1")


def is_chinese(text: str) -> bool:
    return bool(_HAN.search(text))


def _encodings(character_sets: list[str]) -> list[str]:
    """Python's names; empty when a label is unknown, `ascii` where nothing is declared."""
    if any(label not in python_encoding for label in character_sets):
        return []
    found = [python_encoding[label] for label in character_sets or [""]]
    return ["ascii"] if found == [python_encoding[""]] else found


def _declared(raw: bytes, encodings: list[str], delimiters: set[int]) -> str | None:
    """The value in the declared character sets; None when a label is unknown, or the bytes do not fit the labels."""
    if not encodings:
        return None
    if ESCAPE not in raw or encodings == ["ascii"]:
        return _strict(raw, encodings[0])
    return decode_bytes(raw, encodings, delimiters)


def _strict(raw: bytes, encoding: str) -> str | None:
    try:
        return raw.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None


def _holds_odd_characters(text: str) -> bool:
    """Replacement or control characters but line ends, codes without a character, private codes."""
    return "�" in text or any(
        letter not in "\t\n\f\r\0" and unicodedata.category(letter) in ("Cc", "Cn", "Co") for letter in text
    )


def _encoded_once_more(utf8: str) -> str | None:
    """Chinese text whose bytes somebody took for Latin-1 and encoded in UTF-8; None when it is nothing of the kind."""
    try:
        raw = utf8.encode("latin-1")
    except UnicodeEncodeError:
        return None
    again = _strict(raw, UTF8)
    if again is not None and is_chinese(again):
        return again
    return _strict(raw, GB18030) if _GB2312.fullmatch(raw) and not raw.isascii() and not _reads_as_latin(utf8) else None


def _cut_off(raw: bytes) -> str | None:
    """Chinese text without its last character, of which a device that counts bytes left a part. Of a name the rest may
    be the name of somebody else."""
    for encoding in (UTF8, GB18030):
        with suppress(UnicodeDecodeError):
            text = codecs.getincrementaldecoder(encoding)().decode(raw)
            if is_chinese(text) and (encoding == UTF8 or _GBK.fullmatch(text.encode(GB18030))):
                return text
    return None


def _is_rather_gb2312(raw: bytes, utf8: str, is_declared: bool, is_name: bool) -> bool:
    """Han characters of GB 2312 may be valid UTF-8 of letters below U+0800: 郑十 is a Hebrew accent and a phonetic
    letter. Their scripts say that nobody wrote these letters; where they may be a word, the declaration decides, and
    Latin words are words."""
    high = [letter for letter in utf8 if letter > "\x7f"]
    if not high or max(map(ord, high)) >= _BEFORE_HAN_IN_UTF8 or not _GB2312.fullmatch(raw):
        return False
    if not _reads_as_words(utf8, is_name):
        return True
    return not is_declared and not all(_has_ascii(word) for word in _WORDS.findall(utf8) if not word.isascii())


def _reads_as_words(text: str, is_name: bool) -> bool:
    """Every word is of one script, no mark stands alone, and no rare letter is there. A name has no signs, and not only
    accented Latin letters."""
    for word in re.findall(r"[^\s^=\\.,;:()/-]+", text):
        if unicodedata.combining(word[0]) or any(_is_rare(letter) for letter in word):
            return False
        scripts = {
            unicodedata.name(letter, "?").split()[0] for letter in word if letter.isalpha() and letter not in _UNITS
        }
        if len(scripts) > 1 or not _has_usual_case(word):
            return False
        if is_name and ((scripts <= {"LATIN"} and not _has_ascii(word)) or _has_signs(word)):
            return False
    return True


def _is_rare(letter: str) -> bool:
    return any(ord(letter) in rare for rare in _RARE_LETTERS)


def _has_signs(word: str) -> bool:
    """Above ASCII, and not a dot between two names."""
    return word != word.strip("·") or any(
        not (letter.isalpha() or letter.isascii() or letter == "·" or unicodedata.combining(letter)) for letter in word
    )


def _reads_as_latin(text: str) -> bool:
    """Above ASCII there are only letters, each in a word with a letter of ASCII, and no capital behind a small one: two
    bytes of a Han character are rarely so."""
    words = [word for word in _WORDS.findall(text) if not word.isascii()]
    outside = _WORDS.sub("", text)
    return outside.isascii() and all(_has_ascii(word) and _has_usual_case(word) for word in words)


def _reads_as_gb18030(raw: bytes, text: str, is_name: bool) -> bool:
    if not is_name:
        return bool(_GBK.fullmatch(raw))
    mixed = (word for word in _WORDS.findall(text) if is_chinese(word))
    return not any(_has_ascii(word) for word in mixed)


def _has_ascii(word: str) -> bool:
    return any(letter.isascii() for letter in word)


def _has_usual_case(word: str) -> bool:
    """No capital behind a small letter, unless both are of ASCII (McDonald)."""
    pairs = itertools.pairwise(word)
    return not any(one.islower() and other.isupper() and not (one + other).isascii() for one, other in pairs)
