"""The totals of a radiation dose report (PS3.16 TID 10001, 10011, 10021) for one line of text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from pydicom.dataset import Dataset

from app.dicom.element_values import value_of
from app.dicom.part10 import ParsedFile
from app.imaging.evidence.checks import demand, items_of, number, plain, short_text

TOTALS = {
    "113813": "dlp",
    "113830": "ctdi_vol",
    "113722": "dap",
    "113725": "reference_point",
    "111637": "glandular",
    "113507": "activity",
}
"""Code values of scheme DCM: DLP total, mean CTDIvol, dose area product total, dose at the reference point total,
accumulated average glandular dose, administered activity."""
_GREATEST = frozenset({"ctdi_vol", "glandular"})
"""Told for each acquisition or side: the greatest is named. Of the others the last, which is the total."""
_UNIT = re.compile(r"[A-Za-z0-9./]{1,12}\Z")
MOST_ITEMS = 20_000


@dataclass(frozen=True)
class DoseTotal:
    """`name`: a value of TOTALS. `unit`: a UCUM code."""

    name: str
    value: float
    unit: str


@dataclass(frozen=True)
class Totals:
    """What a dose report tells in all, in the order of TOTALS."""

    values: tuple[DoseTotal, ...]


def read_totals(parsed: ParsedFile) -> list[bytes] | None:
    """None when the report tells no total."""
    found: dict[str, tuple[float, str]] = {}
    left = [MOST_ITEMS]
    for name, value, unit in _measured(parsed.dataset, left):
        if name in _GREATEST and name in found and found[name][0] >= value:
            continue
        found[name] = value, unit
    ordered = [[name, *found[name]] for name in TOTALS.values() if name in found]
    return [plain(ordered)] if ordered else None


def totals_of(parts: list[bytes]) -> Totals:
    """Raises ValueError and others for what no child of ours says."""
    [said] = parts
    found = json.loads(said)
    demand(0 < len(found) <= len(TOTALS))
    demand(all(name in TOTALS.values() and _UNIT.match(unit) for name, _, unit in found))
    return Totals(tuple(DoseTotal(name, number(value), unit) for name, value, unit in found))


def _measured(ds: Dataset, left: list[int]) -> Iterator[tuple[str, float, str]]:
    for item in items_of(ds, "ContentSequence"):
        left[0] -= 1
        if left[0] < 0:
            return
        name = next(
            (TOTALS.get(short_text(code, "CodeValue", 16)) for code in items_of(item, "ConceptNameCodeSequence")), None
        )
        if name is not None:
            for measured in items_of(item, "MeasuredValueSequence")[:1]:
                units = [
                    short_text(code, "CodeValue", 16) for code in items_of(measured, "MeasurementUnitsCodeSequence")
                ]
                try:
                    value = number(float(value_of(measured, "NumericValue")))
                except (TypeError, ValueError):
                    continue
                if value >= 0 and units and _UNIT.match(units[0]):
                    yield name, value, units[0]
        yield from _measured(item, left)
