"""Sealed columns of all tables, rows whose fields have the first form, and the row that says how far binding is.

The columns are found in the models, by their names: a new one is bound like the others.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Column, LargeBinary, Table, bindparam, func, or_, select, update
from sqlalchemy.orm import Session

from app.models import Base, FieldBinding

SUFFIX = "_sealed"
_PHASE = select(FieldBinding.phase).where(FieldBinding.id == 1)


class SealedTable(NamedTuple):
    """A table whose primary key is `id`, and its sealed columns."""

    table: Table
    columns: tuple[Column[Any], ...]

    @property
    def id(self) -> Column[uuid.UUID]:
        key: Column[uuid.UUID] = self.table.c["id"]
        return key


def sealed_tables() -> Iterator[SealedTable]:
    """Every table with sealed columns."""
    for table in Base.metadata.sorted_tables:
        columns = tuple(column for column in table.columns if column.name.endswith(SUFFIX))
        if columns:
            yield SealedTable(table, columns)


def phase(session: Session) -> str:
    """The `BindingPhase` as it is committed now."""
    return session.scalars(_PHASE).one()


def set_phase(session: Session, phase: str) -> None:
    session.execute(update(FieldBinding).where(FieldBinding.id == 1).values(phase=phase))


def ids_of_form(
    session: Session, sealed: SealedTable, form: bytes, after: uuid.UUID | None, limit: int
) -> list[uuid.UUID]:
    """The next rows, by id, that hold a field of this form. The table is read through for it: ask without the write
    lock."""
    starts = [func.substr(column, 1, 1, type_=LargeBinary) == form for column in sealed.columns]
    query = select(sealed.id).where(or_(*starts)).order_by(sealed.id).limit(limit)
    if after is not None:
        query = query.where(sealed.id > after)
    return list(session.scalars(query))


def fields_of(session: Session, sealed: SealedTable, ids: Sequence[uuid.UUID]) -> list[Mapping[str, Any]]:
    """`id` and sealed columns of these rows."""
    query = select(sealed.id, *sealed.columns).where(sealed.id.in_(ids))
    return [dict(row) for row in session.execute(query).mappings()]


def put_fields(session: Session, sealed: SealedTable, rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows as `fields_of` gives them, written back."""
    values: dict[str, Any] = {column.name: bindparam(f"new_{column.name}") for column in sealed.columns}
    statement = update(sealed.table).where(sealed.id == bindparam("of_row")).values(values)
    given = [
        {"of_row": row["id"], **{f"new_{column.name}": row[column.name] for column in sealed.columns}} for row in rows
    ]
    if given:  # rows may be gone since their ids were read
        session.connection().execute(statement, given)
