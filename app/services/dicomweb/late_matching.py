"""Matches keys that no column tells: names and dates of patients, which are sealed, and attributes that only the stored
object holds. Pure: values and DICOM JSON in, yes or no out. `query` says for how few rows it is done.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pydicom.datadict import dictionary_VR, tag_for_keyword

from app.identity.names import normal_id, normal_name
from app.services.dicomweb.matching_keys import LateKey

_RANGES = frozenset({"DA", "TM", "DT"})


def matches(key: LateKey, model: dict[str, Any]) -> bool:
    """Whether a data set in DICOM JSON has a value that the key asks for (PS3.4 C.2.2.2.6: any item of a sequence)."""
    found = list(_values(key.path, model))
    if key.wants_empty:
        return not found
    tag = tag_for_keyword(key.path[-1])
    vr = dictionary_VR(tag) if tag is not None else "LO"
    if vr == "PN":
        return any(name_matches(key.value, list(value.values())) for value in found if isinstance(value, dict))
    if key.path == ("PatientID",):
        return any(_wildcard(normal_id(key.value), normal_id(str(value))) for value in found)
    wanted = re.split(r"\\|,", key.value) if vr == "UI" else [key.value]
    return any(_matches(vr, one, str(value)) for value in found for one in wanted)


def name_matches(wanted: str, groups: list[str]) -> bool:
    """Whether a name is matched by one of its component groups, in any case and without empty components at its end.

    A wanted value with several groups must match each of them (PS3.5 6.2.1.2).
    """
    parts = [part for part in wanted.split("=") if part]
    return bool(parts) and all(any(_name_matches(part, group) for group in groups) for part in parts)


def _name_matches(wanted: str, group: str) -> bool:
    if "*" not in wanted and "?" not in wanted:
        return normal_name(wanted) == normal_name(group)
    return _wildcard(wanted.casefold().rstrip("^"), group.casefold().rstrip("^"))


def _values(path: tuple[str, ...], model: dict[str, Any]) -> Iterator[Any]:
    tag = tag_for_keyword(path[0])
    element = model.get(f"{tag:08X}", {}) if tag is not None else {}
    for value in element.get("Value", ()):
        if len(path) > 1 and isinstance(value, dict):
            yield from _values(path[1:], value)
        elif value not in (None, "", {}):
            yield value


def _matches(vr: str, wanted: str, value: str) -> bool:
    if vr in _RANGES and "-" in wanted:
        low, _, high = wanted.partition("-")
        return low <= value and (not high or value[: len(high)] <= high)
    if vr in _RANGES:
        return value.startswith(wanted)
    return _wildcard(wanted, value)


def _wildcard(wanted: str, value: str) -> bool:
    """`*` and `?` as in PS3.4 C.2.2.2.4, in time that grows with the lengths only."""
    at, place, star, after = 0, 0, -1, 0
    while place < len(value):
        if at < len(wanted) and wanted[at] == "*":
            star, after = at, place
            at += 1
        elif at < len(wanted) and wanted[at] in ("?", value[place]):
            at, place = at + 1, place + 1
        elif star >= 0:
            after += 1
            at, place = star + 1, after
        else:
            return False
    return all(letter == "*" for letter in wanted[at:])
