"""Look-ups: one SELECT outside of any transaction, for a question of every request (whose session is this?).

Why this is not `session.execute`:
- every picture asks this question, and SQLAlchemy's session costs ten times as much as the SELECT itself;
- so on SQLite each statement is compiled once and runs on a connection of the driver (`SqliteLookUps`); on PostgreSQL
  it runs on a pooled connection like every other statement (`ServerLookUps`);
- the answer is what is committed now, so a revoked session is refused at its next request.

The statements themselves are in app/repos.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import URL, Dialect, Engine, NullPool, PoolProxiedConnection, Select

from app.database.engines import domain_errors, sqlite_engine
from app.errors import DatabaseUnavailable


class ServerLookUps:
    """Single SELECTs outside of any transaction, on pooled connections."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")

    def first(self, statement: Select[*tuple[Any, ...]], values: Mapping[str, Any]) -> tuple[Any, ...] | None:
        with domain_errors(), self._engine.connect() as connection:
            row = connection.execute(statement, values).first()
        return None if row is None else tuple(row)

    def close(self) -> None:
        """Nothing to do: the engine's owner closes the pool."""


class SqliteLookUps:
    """Single SELECTs that the driver runs without SQLAlchemy.

    A thread takes a kept connection or opens a new one, and keeps it for the next thread. So there are as many
    connections as threads asked at one time; they are not in the engine's pool. No connection begins a transaction, so
    each SELECT sees what is committed now, and no SELECT blocks a writer.
    """

    def __init__(self, url: URL) -> None:
        self._engine = sqlite_engine(url, poolclass=NullPool)
        self._prepared: dict[Select[*tuple[Any, ...]], _Prepared] = {}
        self._kept: deque[PoolProxiedConnection] = deque()

    def first(self, statement: Select[*tuple[Any, ...]], values: Mapping[str, Any]) -> tuple[Any, ...] | None:
        prepared = self._prepared.get(statement)
        if prepared is None:
            prepared = self._prepared[statement] = _Prepared(statement, self._engine.dialect)
        try:
            connection = self._kept.pop()
        except IndexError:
            connection = self._engine.raw_connection()
        try:
            cursor = connection.cursor()
            cursor.execute(prepared.text, prepared.sent(values))
            row = cursor.fetchone()
            cursor.close()
        except sqlite3.OperationalError as error:
            connection.close()
            raise DatabaseUnavailable("the database failed") from error
        self._kept.append(connection)
        return None if row is None else prepared.found(row)

    def close(self) -> None:
        while self._kept:
            self._kept.pop().close()


class _Prepared:
    """A SELECT as text for the driver, with the functions that convert our values to the driver's and back."""

    def __init__(self, statement: Select[*tuple[Any, ...]], dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self.text = str(compiled)
        names = compiled.positiontup or []
        types = [compiled.binds[name].type.dialect_impl(dialect) for name in names]
        self._sent = [
            (name, kind.bind_processor(dialect) or _as_it_is) for name, kind in zip(names, types, strict=True)
        ]
        kinds = [column.type.dialect_impl(dialect) for column in statement.selected_columns]
        self._found = [kind.result_processor(dialect, None) or _as_it_is for kind in kinds]

    def sent(self, values: Mapping[str, Any]) -> list[Any]:
        return [process(values[name]) for name, process in self._sent]

    def found(self, row: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(process(value) for process, value in zip(self._found, row, strict=True))


def _as_it_is(value: Any) -> Any:
    return value
