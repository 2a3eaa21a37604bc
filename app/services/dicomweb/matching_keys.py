"""Matching keys of a DICOMweb search (PS3.4 C.2.2.2, PS3.18 8.3.4) -> conditions. The search itself is in `query`.

A key that cannot be matched is refused. If it were ignored, the answer would hold other people's studies.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum

from pydicom.datadict import keyword_for_tag, tag_for_keyword

from app.dicom.uids import is_uid
from app.errors import InvalidInput
from app.identity.names import normal_id
from app.repos.dicomweb.query import Between, Condition, Like, OneOf
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
_DATE = re.compile(r"\d{8}")
_TIME = re.compile(r"\d{2}(\d{2}(\d{2}(\.\d{1,6})?)?)?")
# Sorts after every longer value with the same start: a range that ends at 10 includes 10:59.
_LAST = "~"


def keyword_of(name: str) -> str:
    """The keyword of an attribute named by keyword or by eight hexadecimal digits. Raises InvalidInput."""
    keyword = keyword_for_tag(int(name, 16)) if re.fullmatch(r"[0-9A-Fa-f]{8}", name) else name
    if not keyword or tag_for_keyword(keyword) is None:
        raise InvalidInput("query", "names an attribute that does not exist")
    return keyword


def condition(keyword: str, value: str, level: Level, blind: BlindIndex) -> Condition | None:
    """The condition of one key; None matches everything. Raises InvalidInput for bad values and unsupported keys."""
    known = _KEYS.get(keyword)
    if known is None or known[0].lies_below(level):
        raise InvalidInput(keyword, f"is no matching key of a search for {level} here")
    if len(value) > MAX_CHARACTERS:
        raise InvalidInput(keyword, "is too long")
    if value.strip("*") == "":
        return None
    if keyword == "PatientID":
        return _patient_id(value, blind)
    return known[1](keyword, value)


def _uids(keyword: str, value: str) -> Condition:
    found = tuple(re.split(r"[,\\]", value))
    if len(found) > MAX_VALUES or not all(map(is_uid, found)):
        raise InvalidInput(keyword, f"must be one to {MAX_VALUES} UIDs")
    return OneOf(keyword, found)


def _codes(keyword: str, value: str) -> Condition:
    return OneOf(keyword, tuple(code.strip().upper() for code in re.split(r"[,\\]", value)[:MAX_VALUES]))


def _number(keyword: str, value: str) -> Condition:
    if not re.fullmatch(r"[+-]?\d{1,9}", value):
        raise InvalidInput(keyword, "must be a number")
    return OneOf(keyword, (int(value),))


def _text(keyword: str, value: str) -> Condition:
    """`*` stands for any characters, `?` for one (PS3.4 C.2.2.2.4)."""
    if "*" not in value and "?" not in value:
        return OneOf(keyword, (value,))
    escaped = re.sub(r"([\\%_])", r"\\\1", value)
    return Like(keyword, escaped.replace("*", "%").replace("?", "_"))


def _range(pattern: re.Pattern[str]) -> Callable[[str, str], Condition]:
    def parse(keyword: str, value: str) -> Condition:
        low, dash, high = value.partition("-")
        if not all(pattern.fullmatch(end) for end in (low, high) if end) or not (low or high):
            raise InvalidInput(keyword, "must be a value or a range with a hyphen")
        if not dash:
            return Between(keyword, low, low + _LAST)
        return Between(keyword, low or "0", high + _LAST if high else "")

    return parse


def _patient_id(value: str, blind: BlindIndex) -> Condition:
    if "*" in value or "?" in value:
        raise InvalidInput("PatientID", "takes no wildcards: patient identifiers are kept sealed")
    return OneOf("PatientID", (blind.of("patient.patient_id", normal_id(value)),))


_KEYS: dict[str, tuple[Level, Callable[[str, str], Condition]]] = {
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
    "SOPInstanceUID": (Level.INSTANCE, _uids),
    "SOPClassUID": (Level.INSTANCE, _uids),
    "InstanceNumber": (Level.INSTANCE, _number),
}
