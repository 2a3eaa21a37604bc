"""Rows of a former schema, for tests of migrations: today's models do not know its columns any more. On PostgreSQL
ids are given as UUIDs, on SQLite as their 32 digits."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, MetaData, Table, insert

from app.database import Database

FILLING: dict[type, Any] = {
    bytes: b"\0",
    int: 0,
    float: 0.0,
    str: "",
    bool: False,
    datetime: datetime(2026, 1, 1),
    object: {},  # JSON
}


def add_row(database: Database, table: str, **values: Any) -> None:
    """One row as the schema stands now; what is required and not given is filled by its type."""
    reflected = _table(database, table)
    missing = [column for column in reflected.columns if _is_required(column) and column.name not in values]
    required = {column.name: FILLING[column.type.python_type] for column in missing}
    with database.writing.begin() as connection:
        connection.execute(insert(reflected).values(required | values))


def rows_of(database: Database, table: str) -> list[dict[str, Any]]:
    query = _table(database, table).select()
    with database.engine.begin() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def _table(database: Database, name: str) -> Table:
    return Table(name, MetaData(), autoload_with=database.engine)


def _is_required(column: Column[Any]) -> bool:
    return not column.nullable and column.server_default is None and not column.primary_key
