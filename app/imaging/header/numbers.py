"""Values of a header as numbers that make sense, whatever type they were read as."""

from __future__ import annotations

from typing import Any

from pydicom.multival import MultiValue

NO_NUMBER = (TypeError, ValueError, OverflowError)
"""What `int` and `float` raise; the last for an infinity."""
LARGEST = 1e12


def whole_of(value: Any) -> int | None:
    """None for what is no whole number, or absent."""
    try:
        return int(value) if value not in (None, "") else None
    except NO_NUMBER:
        return None


def number_of(value: Any) -> float | None:
    """None for what is no number, absent, or larger than any that means something."""
    try:
        number = float(value) if value not in (None, "") else None
    except NO_NUMBER:
        return None
    return number if number is None or abs(number) < LARGEST else None


def numbers_of(value: Any) -> list[float]:
    """Of one value or several; what is no number is left out."""
    values = value if isinstance(value, MultiValue | list | tuple) else [value]
    return [number for number in map(number_of, values) if number is not None]
