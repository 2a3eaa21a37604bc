"""Pages of a list by the key of the row where they begin, never by counting rows: a page costs the same wherever it is,
and rows that come meanwhile move nothing. What a key looks like in an address: app/services/paging.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, literal, tuple_
from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Place:
    """Behind the row of this key in the order of the list, or, `backwards`, in front of it."""

    key: tuple[Any, ...]
    backwards: bool = False


def rows_at(
    session: Session,
    query: Select[*tuple[Any, ...]],
    order: Sequence[Any],
    place: Place | None,
    limit: int,
    *,
    oldest_first: bool = False,
) -> Sequence[Row[*tuple[Any, ...]]]:
    """At most `limit` rows, from the greatest values of the columns `order` to the least, or `oldest_first`, from the
    least to the greatest; None is the top of the list. The columns together name a row, and one index has them in this
    order."""
    upwards = place is not None and place.backwards
    rises = oldest_first != upwards
    if place is not None:
        query = query.where(_lies_behind(order, place, rises=rises))
    rows = session.execute(query.order_by(*(each.asc() if rises else each.desc() for each in order)).limit(limit))
    found = rows.all()
    return found[::-1] if upwards else found


def _lies_behind(order: Sequence[Any], place: Place, *, rises: bool) -> ColumnElement[bool]:
    here = tuple_(*order)
    there = tuple_(*(literal(value, each.type) for value, each in zip(place.key, order, strict=True)))
    return here > there if rises else here < there
