"""The database: `Database` and its three ways in. No queries (they are in `app/repos`), no decisions on settings.

`engines` opens SQLite and PostgreSQL, `look_ups` runs single SELECTs, `schema` applies the migrations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Select, text
from sqlalchemy.orm import Session, sessionmaker

from app.database.engines import PATIENCE_S, domain_errors, engine_of
from app.database.look_ups import ServerLookUps, SqliteLookUps

SPARE_CONNECTIONS = 16
"""Connections for other users than the web threads: the worker, the DICOM door, the probes."""


class Database:
    """One database and three ways to use it. Each raises DatabaseUnavailable.

    `session()` writes. It takes the one write lock at its start (BEGIN IMMEDIATE of SQLite, an advisory lock of
    PostgreSQL). So what it reads is still true when it writes, and two writers never wait for each other. It commits on
    success and rolls back on any exception. `session(patience_s=…)` waits at most that long for the lock; use it for
    work that may be left undone.
    `read()` never blocks a writer.
    `look_up()` runs one SELECT at a tenth of the cost; use it for a question that every request asks.
    """

    def __init__(self, url: str, threads: int = 8) -> None:
        """`threads`: the web threads that may need a connection at once. The pool has SPARE_CONNECTIONS more."""
        self.engine = engine_of(url, pool_size=threads, max_overflow=threads + SPARE_CONNECTIONS)
        self.writing = self.engine.execution_options(cloudfilm_write=True)
        self._read = sessionmaker(self.engine.execution_options(cloudfilm_read=True), expire_on_commit=False)
        on_sqlite = self.engine.dialect.name == "sqlite"
        self._look_ups = SqliteLookUps(self.engine.url) if on_sqlite else ServerLookUps(self.engine)

    @contextmanager
    def session(self, *, patience_s: float = PATIENCE_S) -> Iterator[Session]:
        usual = patience_s == PATIENCE_S
        engine = self.writing if usual else self.writing.execution_options(cloudfilm_patience_s=patience_s)
        with domain_errors(), Session(engine, expire_on_commit=False) as session, session.begin():
            session.connection()  # takes the lock now, not at the first statement
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        with domain_errors(), self._read() as session:
            yield session

    def look_up(self, statement: Select[*tuple[Any, ...]], values: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """The first row of a SELECT as it is committed now, or None. Build the statement once, not at each call."""
        return self._look_ups.first(statement, values)

    def probe(self) -> None:
        """Raises the driver's error when the database does not answer."""
        with self.engine.execution_options(cloudfilm_read=True).connect() as connection:
            connection.execute(text("SELECT 1"))

    def dispose(self) -> None:
        self._look_ups.close()
        self.engine.dispose()
