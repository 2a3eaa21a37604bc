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
    """None for what is no number, absent, or larger than any that means something. A comma can only be a decimal one
    (PS3.5 6.2, DS): devices write it that take the language of their system."""
    try:
        text = value.replace(",", ".") if isinstance(value, str) else value
        number = float(text) if text not in (None, "") else None
    except NO_NUMBER:
        return None
    return number if number is None or abs(number) < LARGEST else None


def numbers_of(value: Any) -> list[float]:
    """Of one value or several; what is no number is left out."""
    return [number for number in in_their_places(value) if number is not None]


def in_their_places(value: Any) -> list[float | None]:
    """Of one value or several, for those that belong to others of the same place."""
    values = value if isinstance(value, MultiValue | list | tuple) else [value]
    return list(map(number_of, values))
