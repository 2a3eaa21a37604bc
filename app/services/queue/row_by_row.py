"""How a sweep walks over rows: when one row raises, the others are still done. Each sweep decides what follows."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable

from app.errors import DatabaseUnavailable


def row_by_row(
    ids: Iterable[uuid.UUID],
    step: Callable[[uuid.UUID], object],
    faulty: Callable[[uuid.UUID, Exception], None],
) -> int:
    """Do `step` for each row. Returns for how many rows it returned something true.

    `faulty` logs the fault and makes sure that the row is not due again at once. Raises DatabaseUnavailable, which ends
    the walk: it says nothing about a single row.
    """
    done = 0
    for row_id in ids:
        try:
            done += bool(step(row_id))
        except DatabaseUnavailable:
            raise
        except Exception as error:
            faulty(row_id, error)
    return done
