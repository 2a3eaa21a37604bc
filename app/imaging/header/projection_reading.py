"""Which side and direction of the body a projection shows, off a DICOM header: breasts, and where its edges point to
(PS3.3 C.8.11.7, C.7.6.1.1.1).
"""

from __future__ import annotations

from typing import Any

from pydicom import Dataset

from app.dicom.element_values import text_of, value_of

_VALUE_BYTES = 64
_DIRECTIONS = frozenset("LRAPHF")
MAMMOGRAM_VIEWS = {
    "R-10242": "CC",
    "399162004": "CC",
    "R-10226": "MLO",
    "399368009": "MLO",
    "R-10228": "ML",
    "399260004": "ML",
    "R-10230": "LM",
    "399352003": "LM",
    "R-10241": "XCCL",
    "399265009": "XCCL",
    "R-1024A": "XCCM",
    "399163009": "XCCM",
}
"""Codes of View Code Sequence (PS3.16 CID 4014), of SRT and of SNOMED CT."""


def laterality(ds: Dataset) -> str:
    """L, R, B, or empty."""
    found = _text(ds, "ImageLaterality") or _text(ds, "FrameLaterality") or _text(ds, "Laterality")
    return found if found in ("L", "R", "B") else ""


def projection(ds: Dataset) -> str:
    """The view of a mammogram by its usual name, like MLO; else View Position, like PA; or empty."""
    for item in list(value_of(ds, "ViewCodeSequence") or [])[:1]:
        named = MAMMOGRAM_VIEWS.get(text_of(item, "CodeValue", most_bytes=_VALUE_BYTES))
        if named:
            return named
    return _text(ds, "ViewPosition")


def patient_orientation(ds: Dataset) -> tuple[str, str] | None:
    """Where rows lead to, and columns: letters as in PS3.3 C.7.6.1.1.1."""
    value: Any = value_of(ds, "PatientOrientation", most_bytes=_VALUE_BYTES)
    if value is None or isinstance(value, str) or len(value) != 2:
        return None
    rows, columns = (str(one).strip().upper() for one in value)
    known = all(one and len(one) <= 3 and set(one) <= _DIRECTIONS for one in (rows, columns))
    return (rows, columns) if known else None


def _text(ds: Dataset, keyword: str) -> str:
    return text_of(ds, keyword, most_bytes=_VALUE_BYTES).upper()[:16]
