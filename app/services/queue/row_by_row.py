"""How a sweep walks over rows: one that raises holds up no other. What is then done about it is the sweep's own."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable

from app.errors import DatabaseUnavailable


def row_by_row(
    ids: Iterable[uuid.UUID],
    step: Callable[[uuid.UUID], object],
    faulty: Callable[[uuid.UUID, Exception], None],
) -> int:
    """Do `step` for each row; returns for how many it did something (anything true).

    `faulty` logs the fault and sees to it that the row is not due again at once. A database that is away says nothing
    about a row: that ends the walk.
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
