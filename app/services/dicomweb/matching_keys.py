"""Matching keys of a DICOMweb search (PS3.4 C.2.2.2, PS3.18 8.3.4) -> conditions. The search itself is in `query`.

Keys of columns become conditions of SQL. What a column does not tell, or tells sealed, is matched afterwards, once the
other keys have left few studies: see `late_matching`. A key that nothing can match is ignored and named.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from pydicom.datadict import dictionary_VR, keyword_for_tag, tag_for_keyword

from app.dicom.uids import is_uid
from app.errors import InvalidInput
from app.identity.names import name_parts, normal_id, normal_name
from app.models import Instance, Series, Study
from app.repos.dicomweb.query import Below, Between, ColumnCondition, Condition, Empty, Like, OneOf
from app.security.blind_index import BlindIndex


class Level(StrEnum):
    """The level of the rows that a search wants, from the top."""

    STUDY = "study"
    SERIES = "series"
    INSTANCE = "instance"

    def lies_below(self, other: Level) -> bool:
        levels = list(Level)
        return levels.index(self) > levels.index(other)


MAX_VALUES = 200
MAX_CHARACTERS = 4096
EMPTY = '""'
"""The value that asks for an attribute without value, where the client switched that on (PS3.4 C.2.2.2.7)."""
OF_IDENTITY = ("PatientName", "PatientBirthDate", "PatientSex")
OF_OBJECT = frozenset(
    {"InstitutionName", "OperatorsName", "ReferringPhysicianName", "RequestingPhysician", "StationName"}
)
_DATE = re.compile(r"\d{8}")
_TIME = re.compile(r"\d{2}(\d{2}(\d{2}(\.\d{1,6})?)?)?")
# Sorts after every longer value with the same start: a range that ends at 10 includes 10:59.
_LAST = "~"


@dataclass(frozen=True)
class LateKey:
    """A key that is matched afterwards. `path`: keywords from the outermost sequence on."""

    path: tuple[str, ...]
    value: str
    wants_empty: bool = False

    @property
    def is_of_identity(self) -> bool:
        return self.path[0] in (*OF_IDENTITY, "PatientID")

    @property
    def is_whole(self) -> bool:
        """A whole name or number, which the blind index knows."""
        is_known = self.path in (("PatientName",), ("PatientID",))
        return is_known and not set("*?") & set(self.value) and self.value != EMPTY

    def as_whole(self) -> LateKey | None:
        """What stands between two asterisks, as viewers write what somebody typed; None for another pattern."""
        inner = LateKey(self.path, self.value.strip("*"))
        return inner if inner.is_whole and self.value[:1] == self.value[-1:] == "*" else None


@dataclass(frozen=True)
class Ignored:
    """A key that nothing here can match."""


def path_of(name: str) -> tuple[str, ...] | None:
    """The keywords of an attribute named by keyword or by eight hexadecimal digits, or of one inside sequences with
    dots between them; None when there is no such attribute."""
    found = []
    parts = name.split(".")
    for number, part in enumerate(parts):
        keyword = keyword_for_tag(int(part, 16)) if re.fullmatch(r"[0-9A-Fa-f]{8}", part) else part
        tag = tag_for_keyword(keyword) if keyword else None
        if tag is None or (number < len(parts) - 1 and dictionary_VR(tag) != "SQ"):
            return None
        found.append(keyword)
    return tuple(found) if len(found) <= 8 else None


def condition(
    path: tuple[str, ...] | None, value: str, level: Level, blind: BlindIndex, *, with_empty: bool = False
) -> Condition | LateKey | Ignored | None:
    """What one key asks for; None matches everything. Raises InvalidInput for bad values."""
    name = ".".join(path or ())
    if len(value) > MAX_CHARACTERS:
        raise InvalidInput(name or "query", "is too long")
    if value.strip("*") == "":
        return None
    wants_empty = with_empty and value == EMPTY
    if path is None:
        return Ignored()
    if len(path) > 1 or name in OF_IDENTITY or name in OF_OBJECT or (name == "PatientID" and set("*?") & set(value)):
        return LateKey(path, value, wants_empty)
    known = _KEYS.get(name)
    if known is None:
        return Ignored()
    found = Empty(name) if wants_empty else _patient_id(value, blind) if name == "PatientID" else known[1](name, value)
    if not known[0].lies_below(level):
        return found
    return Below(Study if level is Level.STUDY else Series, Series if known[0] is Level.SERIES else Instance, found)


def whole_value(key: LateKey, blind: BlindIndex) -> Condition:
    """The studies that may be of a patient with exactly this name or number, by the blind index."""
    return _patient_id(key.value, blind) if key.path == ("PatientID",) else _name_tokens(key.value, blind)


def name_keys(groups: Iterable[str], blind: BlindIndex) -> tuple[bytes, ...]:
    """The blind indexes of a name's component groups. They are those of patients' names, too."""
    names = {normal_name(group) for group in groups} - {""}
    return tuple(blind.of("patient.name_token", name) for name in sorted(names))


def part_keys(groups: Iterable[str], blind: BlindIndex) -> tuple[bytes, ...]:
    """The blind indexes of what a name holds: family name, given names, and all of it. No patient is found by them."""
    parts = set[str]().union(*({*name_parts(group), normal_name(group)} for group in groups)) - {""}
    return tuple(blind.of("study.name_part", part) for part in sorted(parts))


def said_key(key: LateKey, blind: BlindIndex) -> bytes | None:
    """The key of all studies that have the value in their name: as the whole name of a component group, or, between two
    asterisks, as what `part_keys` knows. None for another value: then only the names themselves tell."""
    inner = key if key.is_whole else key.as_whole()
    if inner is None or inner.path != ("PatientName",) or "=" in inner.value or not normal_name(inner.value):
        return None
    of = "patient.name_token" if key.is_whole else "study.name_part"
    return blind.of(of, normal_name(inner.value))


def _name_tokens(value: str, blind: BlindIndex) -> Condition:
    return OneOf("PatientName", name_keys(value.split("="), blind))


def _uids(keyword: str, value: str) -> ColumnCondition:
    found = tuple(re.split(r"[,\\]", value))
    if len(found) > MAX_VALUES or not all(map(is_uid, found)):
        raise InvalidInput(keyword, f"must be one to {MAX_VALUES} UIDs")
    return OneOf(keyword, found)


def _codes(keyword: str, value: str) -> ColumnCondition:
    codes = tuple(code.strip().upper() for code in re.split(r"[,\\]", value)[:MAX_VALUES])
    return _text(keyword, codes[0]) if len(codes) == 1 and keyword != "ModalitiesInStudy" else OneOf(keyword, codes)


def _number(keyword: str, value: str) -> ColumnCondition:
    if not re.fullmatch(r"[+-]?\d{1,9}", value):
        raise InvalidInput(keyword, "must be a number")
    return OneOf(keyword, (int(value),))


def _text(keyword: str, value: str) -> ColumnCondition:
    """`*` stands for any characters, `?` for one (PS3.4 C.2.2.2.4)."""
    if "*" not in value and "?" not in value:
        return OneOf(keyword, (value,))
    escaped = re.sub(r"([\\%_])", r"\\\1", value)
    return Like(keyword, escaped.replace("*", "%").replace("?", "_"))


def _range(pattern: re.Pattern[str]) -> Callable[[str, str], ColumnCondition]:
    def parse(keyword: str, value: str) -> ColumnCondition:
        low, dash, high = value.partition("-")
        if not all(pattern.fullmatch(end) for end in (low, high) if end) or not (low or high):
            raise InvalidInput(keyword, "must be a value or a range with a hyphen")
        if not dash:
            return Between(keyword, low, low + _LAST)
        return Between(keyword, low or "0", high + _LAST if high else "")

    return parse


def _patient_id(value: str, blind: BlindIndex) -> ColumnCondition:
    return OneOf("PatientID", (blind.of("patient.patient_id", normal_id(value)),))


_KEYS: dict[str, tuple[Level, Callable[[str, str], ColumnCondition]]] = {
    "StudyInstanceUID": (Level.STUDY, _uids),
    "AccessionNumber": (Level.STUDY, _text),
    "PatientID": (Level.STUDY, _text),
    "StudyDate": (Level.STUDY, _range(_DATE)),
    "StudyTime": (Level.STUDY, _range(_TIME)),
    "StudyDescription": (Level.STUDY, _text),
    "StudyID": (Level.STUDY, _text),
    "ModalitiesInStudy": (Level.STUDY, _codes),
    "SeriesInstanceUID": (Level.SERIES, _uids),
    "Modality": (Level.SERIES, _codes),
    "SeriesNumber": (Level.SERIES, _number),
    "SeriesDescription": (Level.SERIES, _text),
    "BodyPartExamined": (Level.SERIES, _text),
    "PerformedProcedureStepStartDate": (Level.SERIES, _range(_DATE)),
    "PerformedProcedureStepStartTime": (Level.SERIES, _range(_TIME)),
    "SOPInstanceUID": (Level.INSTANCE, _uids),
    "SOPClassUID": (Level.INSTANCE, _uids),
    "InstanceNumber": (Level.INSTANCE, _number),
}
COLUMN_KEYS = {keyword: level for keyword, (level, _) in _KEYS.items()}
"""The keys that columns match, with their levels."""
