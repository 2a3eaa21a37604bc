"""Handles to the database and the short-lived shared state. No logic, no queries, no decisions on settings."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeAlias

from sqlalchemy import URL, Connection, Engine, Executable, NullPool, Row, create_engine, event, make_url, text
from sqlalchemy.orm import Session, sessionmaker

LookedUp: TypeAlias = "Row[*tuple[Any, ...]]"


class Database:
    """One database, three ways to it.

    `session()` writes: on SQLite it takes the write lock at its start (BEGIN IMMEDIATE), so that what it
    read still holds when it writes; it commits on success and rolls back on any exception.
    `read()` never blocks a writer. `look_up()` is for one SELECT where every request passes, at a tenth of the cost.
    """

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        self._write = sessionmaker(self.engine, expire_on_commit=False)
        self._read = sessionmaker(self.engine.execution_options(cloudfilm_begin="BEGIN"), expire_on_commit=False)
        self._look_ups = _LookUps(self.engine)

    @contextmanager
    def session(self) -> Iterator[Session]:
        with self._write.begin() as session:
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        with self._read() as session:
            yield session

    def look_up(self, statement: Executable, values: Mapping[str, Any]) -> LookedUp | None:
        """The only row of `statement`, if there is one, as it is committed now. Build the statement once."""
        return self._look_ups.one(statement, values)

    def probe(self) -> None:
        """Raises the driver's error when the database does not answer."""
        with self.engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    def dispose(self) -> None:
        self._look_ups.close()
        self.engine.dispose()


class _LookUps:
    """Runs single SELECTs outside any transaction.

    SQLite's connections are kept at hand, apart from the pool, as many as there were threads at once: taking one from
    the pool and giving it back costs more than the SELECT. A server's are pooled as all others.
    """

    def __init__(self, engine: Engine) -> None:
        self._keeps = engine.dialect.name == "sqlite"
        self._engine = (
            _engine(engine.url, poolclass=NullPool).execution_options(cloudfilm_begin=None)
            if self._keeps
            else engine.execution_options(isolation_level="AUTOCOMMIT")
        )
        self._kept: deque[Connection] = deque()

    def one(self, statement: Executable, values: Mapping[str, Any]) -> LookedUp | None:
        try:
            connection = self._kept.pop()
        except IndexError:
            connection = self._engine.connect()
        try:
            row = connection.execute(statement, values).one_or_none()
        except BaseException:
            connection.close()
            raise
        if self._keeps:
            self._kept.append(connection)
        else:
            connection.close()
        return row

    def close(self) -> None:
        while self._kept:
            self._kept.pop().close()


def _engine(url: str | URL, **options: Any) -> Engine:
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True, **options)
    engine = create_engine(url, connect_args={"timeout": 30, "check_same_thread": False}, **options)

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not guess where transactions start
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        statement = connection.get_execution_options().get("cloudfilm_begin", "BEGIN IMMEDIATE")
        if statement:
            connection.exec_driver_sql(statement)

    return engine
