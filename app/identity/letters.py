"""Names in Latin letters: their folded form, and whether letters are a way to write a Chinese name.

Devices without Chinese fonts write names in letters, each in its own way. Comparing whole identities is `matching`,
normal forms of names in general are `names`.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from pypinyin import Style, pinyin

MOST_WORDS = 8
"""Names of more words are compared in the order in which they are written only."""
_WORDS = re.compile(r"[\s^.,=·•・‧∙⋅]+")
_WITHOUT_PARTS = str.maketrans(
    {"Æ": "AE", "Œ": "OE", "Ø": "O", "Ł": "L", "Đ": "D", "Ð": "D", "Þ": "TH", "ẞ": "SS", "Ħ": "H"}
)
"""Letters that Unicode does not take apart into a letter and a mark."""
_UMLAUT_WITH_E = re.compile("([AOU])\u0308")
_FURTHER_READINGS = {"黑": ("he",), "费": ("bi",), "谌": ("shen",), "贠": ("yun",), "貟": ("yun",)}
"""Readings of characters as family names that the dictionary does not have."""


def folded(text: str) -> str:
    """Upper-case letters and digits only, without accents: `Müller-O’Brien` is `MULLEROBRIEN`."""
    return _letters_only(unicodedata.normalize("NFKD", text.upper().translate(_WITHOUT_PARTS)))


def ways_to_write(name: str) -> frozenset[str]:
    """Folded forms of a name in letters: the given name may stand first or last, an umlaut may be written with E."""
    words = [word for word in _WORDS.split(name) if folded(word)]
    spelled = [[folded(word) for word in words], [_with_e(word) for word in words]]
    turns = range(len(words) if len(words) <= MOST_WORDS else 1)
    return frozenset("".join(spelling[at:] + spelling[:at]) for spelling in spelled for at in turns) - {""}


def may_be_written(name: str, family_name: str, letters: str) -> bool:
    """Whether `letters`, folded, are a reading of the Chinese `name`, which starts with `family_name`.

    Each character is read on its own: what a dictionary reads as a word (查明) says nothing of a name. The given name
    may stand first. Takes time in proportion to the length of both.
    """
    given_name = name[len(family_name) :]
    return _is_reading(family_name + given_name, letters) or _is_reading(given_name + family_name, letters)


def _is_reading(name: str, letters: str) -> bool:
    """The places in `letters` that the characters so far may reach; two spellings of a character may both fit."""
    reached = {0}
    for character in name:
        spellings = spellings_of(character)
        reached = {at + len(text) for at in reached for text in spellings if letters.startswith(text, at)}
    return bool(letters) and len(letters) in reached


@lru_cache(maxsize=4096)
def spellings_of(character: str) -> tuple[str, ...]:
    """What a character of a name may be in folded letters, the dictionary's first reading first; a letter is itself."""
    found = pinyin(character, style=Style.NORMAL, heteronym=True)
    readings = [*(found[0] if found else ()), *_FURTHER_READINGS.get(character, ())]
    return tuple(dict.fromkeys(spelling for reading in readings for spelling in _spellings(reading)))


def _spellings(reading: str) -> list[str]:
    """Of one reading. Its ü is V for who types, YU in passports (GB/T 28039), U without the dots, UE at its end as in
    German; behind J, Q, X and Y it is a U that some write V."""
    plain = folded(unicodedata.normalize("NFC", reading).replace("ü", "v").replace("Ü", "v"))
    if "V" in plain:
        at_the_end = [plain.replace("V", "UE")] if plain.endswith("V") else []
        return [plain, plain.replace("V", "YU"), plain.replace("V", "U"), *at_the_end]
    return [plain, plain[0] + "V" + plain[2:]] if re.match("[JQXY]U", plain) else [plain]


def _with_e(word: str) -> str:
    decomposed = unicodedata.normalize("NFKD", word.upper().translate(_WITHOUT_PARTS))
    return _letters_only(_UMLAUT_WITH_E.sub(r"\1E", decomposed))


def _letters_only(decomposed: str) -> str:
    return "".join(letter for letter in decomposed if letter.isalnum())
