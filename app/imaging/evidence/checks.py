"""What the parent asks of a child's answer about evidence, and readers of values: bounded texts and numbers.

What is odd raises ValueError here; who calls decides what that means.
"""

from __future__ import annotations

import json
import math
from typing import Any

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence

from app.dicom.element_values import fit_to_keep, text_of, value_of

MOST_CHARACTERS = 4096
FURTHEST = 1e7


def demand(holds: object) -> None:
    """Raises ValueError unless it holds."""
    if not holds:
        raise ValueError


def text(value: Any, most: int = MOST_CHARACTERS) -> str:
    """A text of at most so many characters that may be kept and shown. Raises ValueError."""
    demand(isinstance(value, str) and len(value) <= most)
    return fit_to_keep(str(value))


def number(value: Any) -> float:
    """A finite number. Raises ValueError."""
    demand(type(value) in (int, float) and math.isfinite(value) and abs(value) <= FURTHEST)
    return float(value)


def whole(value: Any, low: int, high: int) -> int:
    """Raises ValueError."""
    demand(type(value) is int and low <= value <= high)
    return int(value)


def plain(document: Any) -> bytes:
    return json.dumps(document, allow_nan=False).encode()


def items_of(ds: Dataset, keyword: str) -> list[Dataset]:
    """The items of a sequence; none when the element is absent or no sequence."""
    found = value_of(ds, keyword)
    return list(found) if isinstance(found, Sequence) else []


def short_text(ds: Dataset, keyword: str, most: int = MOST_CHARACTERS) -> str:
    return text_of(ds, keyword, most_bytes=4 * most)[:most]


def numbers(value: Any) -> list[float]:
    """One or several values as finite numbers; none for None. Raises ValueError, TypeError."""
    values = [] if value is None else list(value) if isinstance(value, MultiValue | list | tuple) else [value]
    return [number(float(each)) for each in values]
