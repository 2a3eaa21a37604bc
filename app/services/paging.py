"""Lists that are read page by page, most of them newest first: what stands in an address, and which pages lie beside.

The rows are read by app/repos/keyset.py. A key names a moment and a row, never a person.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from app.errors import InvalidInput
from app.repos.keyset import Place

Row = TypeVar("Row")
Key = tuple[datetime, uuid.UUID]
_BETWEEN = "~"
LONGEST_KEY, LONGEST_NUMBER = 80, 18


@dataclass(frozen=True)
class Page(Generic[Row]):
    """`newer`, `older`: keys for the addresses of the pages above and below this one; None where the list ends. Most
    lists begin with the newest row; one that begins with the oldest goes on with newer ones all the same."""

    rows: tuple[Row, ...]
    newer: str | None = None
    older: str | None = None


@dataclass(frozen=True)
class Asked:
    """Keys as they stand in an address. At most one of them is given; none is the top of the list."""

    newer: str = ""
    older: str = ""


TOP = Asked()


@dataclass(frozen=True)
class KeyForm:
    """How the key of a row stands in an address. `read` raises ValueError."""

    write: Callable[[Any], str]
    read: Callable[[str], tuple[Any, ...]]

    def place(self, asked: Asked) -> Place | None:
        """Raises InvalidInput."""
        text = (asked.newer or asked.older)[:LONGEST_KEY]
        try:
            return Place(self.read(text), backwards=bool(asked.newer)) if text else None
        except ValueError:
            raise InvalidInput("page", "must be a key that a page of this list gave") from None


def paged(
    asked: Asked,
    size: int,
    read: Callable[[Place | None, int], Sequence[Row]],
    key_of: Callable[[Row], Any],
    form: KeyForm | None = None,
) -> Page[Row]:
    """The page that is asked for. `read` gives at most so many rows at a place, newest first. Raises InvalidInput."""
    form = form or MOMENT_AND_ROW
    place = form.place(asked)
    rows = read(place, size + 1)
    if place is not None and (not rows or (place.backwards and len(rows) <= size)):
        place, rows = None, read(None, size + 1)  # the top of the list, with what came meanwhile
    is_cut = len(rows) > size
    upwards = place is not None and place.backwards
    rows = rows[-size:] if upwards else rows[:size]
    if not rows:
        return Page(())
    has_newer, has_older = (is_cut, True) if upwards else (place is not None, is_cut)
    return Page(
        tuple(rows),
        form.write(key_of(rows[0])) if has_newer else None,
        form.write(key_of(rows[-1])) if has_older else None,
    )


def _write_key(key: Key) -> str:
    moment, row = key
    at = moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
    return f"{at}Z{_BETWEEN}{row.hex}"


def _read_key(text: str) -> Key:
    moment, _, row = text.partition(_BETWEEN)
    return datetime.fromisoformat(moment.removesuffix("Z")).replace(tzinfo=UTC), uuid.UUID(hex=row)


def _read_number(text: str) -> tuple[int]:
    if not text.isascii() or not text.isdigit() or len(text) > LONGEST_NUMBER:
        raise ValueError
    return (int(text),)


MOMENT_AND_ROW = KeyForm(_write_key, _read_key)
NUMBER = KeyForm(str, _read_number)
"""Of rows that are numbered; the key of a row is its number."""
