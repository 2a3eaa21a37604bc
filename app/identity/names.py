"""Names and numbers of persons in their normal forms, and how a Chinese name reads in letters.

Who is the same person is decided in `matching`.
"""

from __future__ import annotations

import itertools
import re
import unicodedata

from app.dicom.person_names import is_chinese
from app.identity.letters import folded, spellings_of

_TWO = "欧阳司马上官诸葛东方皇甫尉迟公孙慕容司徒令狐夏侯端木宇文长孙南宫独孤呼延轩辕闻人"


_FAMILY_NAMES_OF_TWO = frozenset(_TWO[at : at + 2] for at in range(0, len(_TWO), 2))


MAX_READINGS = 64


_SEPARATORS = re.compile(r"[\s^.,'\-=·•・‧∙⋅]")


def normal_id(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().upper()


def normal_name(text: str) -> str:
    """NFKC, upper case, without spaces, carets, dots, commas and format characters: `Zhang^San ` is `ZHANG SAN`.

    The dot inside names of other peoples (阿依古丽·买买提) is another code point in almost every character set.
    """
    folded = unicodedata.normalize("NFKC", text).upper()
    return "".join(
        letter for letter in folded if not _SEPARATORS.match(letter) and unicodedata.category(letter) != "Cf"
    )


def family_name(name: str) -> str:
    """The family name. Chinese: one character, or two for a compound family name. Other names: the first word."""
    if is_chinese(name):
        compact = normal_name(name)
        return compact[:2] if compact[:2] in _FAMILY_NAMES_OF_TWO else compact[:1]
    return re.split(r"[\s^,]+", unicodedata.normalize("NFKC", name).strip().upper())[0]


def name_parts(name: str) -> set[str]:
    """Family name and given names, each on its own in the normal form; a Chinese name may be written in one word."""
    words = {normal_name(word) for word in re.split(r"[\s^,]+", unicodedata.normalize("NFKC", name))}
    if is_chinese(name):
        family = family_name(name)
        words |= {family, normal_name(name).removeprefix(family)}
    return words - {""}


def readings(name: str) -> set[str]:
    """Ways to write a Chinese name in letters, without tones and spaces, the usual ones; at most 64. To compare, ask
    `letters.may_be_written`, which knows them all."""
    if not is_chinese(name):
        return set()
    options = [spellings_of(character) for character in normal_name(name)]
    return {"".join(parts) for parts in itertools.islice(itertools.product(*options), MAX_READINGS)}


def search_tokens(name: str) -> set[str]:
    """The tokens that find a name: the whole name, the family name, and the pinyin readings of both."""
    tokens = {family_name(name), normal_name(name)}
    tokens |= readings(name) | readings(family_name(name))
    return {token for token in tokens if token}


def initials(name: str) -> set[str]:
    """The first letters of a name, as typed in a hurry: 李娜 is LN, `Smith^John` is SJ or JS; at most 64."""
    if is_chinese(name):
        options = [sorted({spelling[0] for spelling in spellings_of(each) if spelling}) for each in normal_name(name)]
        found = {"".join(letters) for letters in itertools.islice(itertools.product(*options), MAX_READINGS)}
    else:
        words = [folded(word) for word in re.split(r"[\s^,]+", unicodedata.normalize("NFKC", name))]
        letters = "".join(word[0] for word in words if word)
        found = {letters, letters[1:] + letters[:1]}
    return {each for each in found if len(each) > 1}
