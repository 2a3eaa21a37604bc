"""What a child says of a stored object, checked: a child that met a hostile header may say anything.

What it says of its own object is the sender's word anyway. So only the shape is checked here, which keeps an answer
about many objects whole: that metadata is DICOM JSON of one object, that names of elements are names.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from app.dicom.bulk_values import is_path
from app.dicom.json_metadata import MOST_NAMED, Metadata
from app.dicom.refusals import Refusal
from app.dicom.status import CANNOT_UNDERSTAND
from app.errors import RefusedObject
from app.imaging.header.stored_header import BEHIND_PIXELS, StoredAnswer

_PARTS = frozenset({"vr", "Value", "InlineBinary", "BulkDataURI"})
_GROUPS = frozenset({"Alphabetic", "Ideographic", "Phonetic"})
_TAG, _VR = re.compile(r"[0-9A-F]{8}"), re.compile(r"[A-Z]{2}")


@dataclass(frozen=True)
class AroundPixels:
    """`before`: the file up to the pixel element, `behind`: what follows it. `pixels`: tag and VR of the element."""

    pixels: tuple[str, str] | None
    before: bytes
    behind: bytes


def metadata_of(answer: StoredAnswer) -> Metadata:
    """Raises RefusedObject."""
    left_out = answer.plain.get("left_out")
    _demand(isinstance(left_out, list) and len(left_out) <= MOST_NAMED)
    _demand(all(isinstance(name, str) and (name == BEHIND_PIXELS or is_path(name)) for name in left_out or ()))
    _demand(answer.data.isascii() and _is_one_object(answer.data))
    return Metadata(answer.data.decode("ascii"), tuple(left_out or ()))


def bulk_of(answer: StoredAnswer) -> list[tuple[str, bytes]]:
    """Paths and bytes. Raises RefusedObject."""
    values, found, at = answer.plain.get("values"), list[tuple[str, bytes]](), 0
    _demand(isinstance(values, list))
    for value in values or ():
        _demand(isinstance(value, list) and len(value) == 2)
        path, length = value
        _demand(isinstance(path, str) and is_path(path) and type(length) is int and length >= 0)
        found.append((path, answer.data[at : at + length]))
        at += length
    _demand(at == len(answer.data))
    return found


def around_of(answer: StoredAnswer) -> AroundPixels | None:
    """None when something is left out. Raises RefusedObject."""
    pixels, before = answer.plain.get("pixels"), answer.plain.get("before")
    _demand(type(before) is int and 0 <= before <= len(answer.data))
    if pixels is not None:
        _demand(isinstance(pixels, list) and len(pixels) == 2 and all(isinstance(part, str) for part in pixels))
        _demand(bool(_TAG.fullmatch(pixels[0]) and _VR.fullmatch(pixels[1])))
    if answer.plain.get("left_out") != []:
        return None
    return AroundPixels(tuple(pixels) if pixels else None, answer.data[:before], answer.data[before:])


class _Kind(Enum):
    """What a JSON object of DICOM JSON is (PS3.18 F.2). It stands for the object, of which nothing else is kept."""

    ITEM = auto()
    ELEMENT = auto()
    NAME = auto()
    EMPTY = auto()


def _is_one_object(text: bytes) -> bool:
    """Whether the text is DICOM JSON of one object and nothing besides."""
    try:
        return json.loads(text, object_pairs_hook=_kind, parse_constant=_no_number) in (_Kind.ITEM, _Kind.EMPTY)
    except (ValueError, RecursionError):
        return False


def _no_number(_text: str) -> float:
    raise ValueError("no DICOM JSON")


def _kind(pairs: list[tuple[str, Any]]) -> _Kind:
    """Raises ValueError for what DICOM JSON has not."""
    held = dict(pairs)
    if not held:
        return _Kind.EMPTY
    if "vr" in held:
        _check_element(held)
        return _Kind.ELEMENT
    if held.keys() <= _GROUPS and all(isinstance(value, str) for value in held.values()):
        return _Kind.NAME
    if all(value is _Kind.ELEMENT for value in held.values()) and all(map(_TAG.fullmatch, held)):
        return _Kind.ITEM
    raise ValueError("no DICOM JSON")


def _check_element(held: dict[str, Any]) -> None:
    vr, values = held["vr"], held.get("Value", [])
    allowed = {"SQ": (_Kind.ITEM, _Kind.EMPTY), "PN": (_Kind.NAME, _Kind.EMPTY)}.get(vr, ())
    if not (
        held.keys() <= _PARTS
        and isinstance(vr, str)
        and _VR.fullmatch(vr)
        and isinstance(values, list)
        and all(isinstance(held.get(name, ""), str) for name in ("InlineBinary", "BulkDataURI"))
        and all(value is None or (value in allowed if isinstance(value, _Kind) else vr != "SQ") for value in values)
        and not any(isinstance(value, list) for value in values)
    ):
        raise ValueError("no DICOM JSON")


def _demand(holds: bool) -> None:
    if not holds:
        raise RefusedObject(Refusal.READING_CRASHES, CANNOT_UNDERSTAND)
