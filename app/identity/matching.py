"""Is this study's patient the registered one? Normal forms and comparisons; conservative: doubt is a mismatch."""

from __future__ import annotations

import itertools
import re
import unicodedata
from dataclasses import dataclass

from pypinyin import Style, pinyin

_HAN = re.compile(r"[㐀-鿿豈-﫿\U00020000-\U0003134f]")
_TWO = "欧阳司马上官诸葛东方皇甫尉迟公孙慕容司徒令狐夏侯端木宇文长孙南宫独孤呼延轩辕闻人"
_FAMILY_NAMES_OF_TWO = frozenset(_TWO[at : at + 2] for at in range(0, len(_TWO), 2))
MAX_READINGS = 64
_SEPARATORS = re.compile(r"[\s^.,'\-=·•・‧∙⋅]")


@dataclass(frozen=True)
class HeaderIdentity:
    """Who a study's header says it is of. `names` are all component groups, decoded; dates are YYYYMMDD or empty."""

    patient_id: str
    names: tuple[str, ...]
    sex: str
    birth_date: str


@dataclass(frozen=True)
class RegisteredIdentity:
    """Who the RIS says it is. `birth_date` is YYYY-MM-DD."""

    patient_id: str
    name: str
    sex: str
    birth_date: str


def differences(header: HeaderIdentity, registered: RegisteredIdentity, *, empty_matches: bool = False) -> list[str]:
    """Names of the fields that differ, empty when it is the same person.

    An empty header field is a difference unless `empty_matches` (the demo's own data); the patient ID always counts.
    """
    found = []
    if normal_id(header.patient_id) != normal_id(registered.patient_id):
        found.append("patient_id")
    if not _same_name(header.names, registered.name) and not (
        empty_matches and not any(normal_name(name) for name in header.names)
    ):
        found.append("name")
    if header.sex != registered.sex and not (empty_matches and not header.sex):
        found.append("sex")
    if header.birth_date != registered.birth_date.replace("-", "") and not (empty_matches and not header.birth_date):
        found.append("birth_date")
    return found


def contradict(one: HeaderIdentity, other: HeaderIdentity) -> bool:
    """Two headers of one study name different people: something is given in both and differs.

    Names agree when any two groups do, letters also with a Chinese name they are a reading of: within one study some
    devices write the name in characters and others in pinyin.
    """
    if one == other:
        return False  # nearly always, and the readings of a name take long
    pairs = (
        (normal_id(one.patient_id), normal_id(other.patient_id)),
        (one.sex, other.sex),
        (one.birth_date, other.birth_date),
        (_forms(one.names), _forms(other.names)),
    )
    return any(mine and theirs and not _agree(mine, theirs) for mine, theirs in pairs)


def _forms(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(form for name in names for form in (normal_name(name), *readings(name)) if form)


def _agree(mine: str | frozenset[str], theirs: str | frozenset[str]) -> bool:
    if isinstance(mine, frozenset) and isinstance(theirs, frozenset):
        return not mine.isdisjoint(theirs)
    return mine == theirs


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


def is_chinese(name: str) -> bool:
    return bool(_HAN.search(name))


def family_name(name: str) -> str:
    """The family name: one character, or two for the compound ones; of other names the first word."""
    if is_chinese(name):
        compact = normal_name(name)
        return compact[:2] if compact[:2] in _FAMILY_NAMES_OF_TWO else compact[:1]
    return re.split(r"[\s^,]+", unicodedata.normalize("NFKC", name).strip().upper())[0]


def readings(name: str) -> set[str]:
    """All pinyin readings of a Chinese name, upper case without tones and spaces; at most 64."""
    if not is_chinese(name):
        return set()
    syllables = pinyin(normal_name(name), style=Style.NORMAL, heteronym=True)
    options = [sorted({_plain(reading) for reading in syllable}) for syllable in syllables]
    return {"".join(parts) for parts in itertools.islice(itertools.product(*options), MAX_READINGS)}


def search_tokens(name: str) -> set[str]:
    """What a name is found by besides the whole: family name, whole pinyin, pinyin of the family name."""
    tokens = {family_name(name), normal_name(name)}
    tokens |= readings(name) | readings(family_name(name))
    return {token for token in tokens if token}


def _same_name(groups: tuple[str, ...], registered: str) -> bool:
    """Any group equal to the registered name; a group in Chinese script that differs is never outvoted by letters.

    Letters alone match a Chinese name when they are one of its readings: devices without Chinese fonts send pinyin.
    """
    wanted = normal_name(registered)
    given = [normal_name(group) for group in groups if normal_name(group)]
    chinese = [name for name in given if is_chinese(name)]
    if chinese and is_chinese(wanted):
        return wanted in chinese
    return wanted in given or bool(readings(registered) & set(given))


def _plain(reading: str) -> str:
    decomposed = unicodedata.normalize("NFD", reading.replace("ü", "v"))
    return "".join(letter for letter in decomposed if letter.isalnum()).upper()
