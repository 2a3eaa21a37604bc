"""Handles to the database and the short-lived shared state. No logic, no queries, no decisions on settings."""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Dialect, Engine, NullPool, PoolProxiedConnection, Select, create_engine, event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft
from sqlalchemy.orm import Session, sessionmaker

from app.errors import DatabaseUnavailable

PATIENCE_S = 30
"""How long a writer waits for others before it gives up."""
CONNECT_S = 5
SPARE_CONNECTIONS = 16
"""For what asks beside the web's threads: the worker, the DICOM door, the probes."""
WRITE_LOCK = 0x436C6F75
"""Any number, the same in every process."""


class Database:
    """One database, three ways to it.

    `session()` writes: it takes the one write lock at its start (BEGIN IMMEDIATE, or an advisory lock of PostgreSQL),
    so that what it read still holds when it writes, and no two writers wait for each other; nearly all of them queue
    up for the audit log anyway. It commits on success and rolls back on any exception. `session(patience_s=…)` waits no
    longer than that for the lock: for what may be left undone.
    `read()` never blocks a writer. `look_up()` is for one SELECT where every request passes, at a tenth of the cost.
    All raise DatabaseUnavailable.
    """

    def __init__(self, url: str, threads: int = 8) -> None:
        """`threads`: as many as may need a connection at once, and then some."""
        self.engine = _engine(url, pool_size=threads, max_overflow=threads + SPARE_CONNECTIONS)
        self.writing = self.engine.execution_options(cloudfilm_write=True)
        self._read = sessionmaker(self.engine.execution_options(cloudfilm_read=True), expire_on_commit=False)
        on_sqlite = self.engine.dialect.name == "sqlite"
        self._look_ups = _SqliteLookUps(self.engine.url) if on_sqlite else _ServerLookUps(self.engine)

    @contextmanager
    def session(self, *, patience_s: float = PATIENCE_S) -> Iterator[Session]:
        usual = patience_s == PATIENCE_S
        engine = self.writing if usual else self.writing.execution_options(cloudfilm_patience_s=patience_s)
        with _domain_errors(), Session(engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        with _domain_errors(), self._read() as session:
            yield session

    def look_up(self, statement: Select[*tuple[Any, ...]], values: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """The first row of a SELECT, if there is one, as it is committed now. Build the statement once."""
        return self._look_ups.first(statement, values)

    def probe(self) -> None:
        """Raises the driver's error when the database does not answer."""
        with self.engine.execution_options(cloudfilm_read=True).connect() as connection:
            connection.execute(text("SELECT 1"))

    def dispose(self) -> None:
        self._look_ups.close()
        self.engine.dispose()


class _ServerLookUps:
    """Single SELECTs outside any transaction, on pooled connections as all others."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")

    def first(self, statement: Select[*tuple[Any, ...]], values: Mapping[str, Any]) -> tuple[Any, ...] | None:
        with _domain_errors(), self._engine.connect() as connection:
            row = connection.execute(statement, values).first()
        return None if row is None else tuple(row)

    def close(self) -> None:
        """The engine closes its pool."""


class _SqliteLookUps:
    """Single SELECTs on the driver's own connections: here everything around the SELECT costs ten times as much as it.

    The connections stay at hand, apart from the pool, as many as there were threads at once. They never begin a
    transaction, so each SELECT sees what is newest and none is in a writer's way.
    """

    def __init__(self, url: URL) -> None:
        self._engine = _sqlite(url, poolclass=NullPool)
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
    """A SELECT's text for the driver, and what turns our values into the driver's and its values into ours."""

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


def _engine(url: str, **options: Any) -> Engine:
    return _sqlite(url, **options) if url.startswith("sqlite") else _server(url, **options)


def _server(url: str, **options: Any) -> Engine:
    engine = create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": CONNECT_S}, **options)

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        options = connection.get_execution_options()
        if options.get("cloudfilm_write", False):
            patience_ms = max(1, int(options.get("cloudfilm_patience_s", PATIENCE_S) * 1000))  # 0 would be for ever
            connection.exec_driver_sql(
                f"SELECT set_config('lock_timeout', '{patience_ms}ms', true), pg_advisory_xact_lock({WRITE_LOCK})"
            )

    return engine


def _sqlite(url: str | URL, **options: Any) -> Engine:
    engine = create_engine(url, connect_args={"timeout": PATIENCE_S, "check_same_thread": False}, **options)

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not guess where transactions start
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={PATIENCE_S}000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        options = connection.get_execution_options()
        how = "BEGIN" if options.get("cloudfilm_read", False) else "BEGIN IMMEDIATE"
        patience_s = options.get("cloudfilm_patience_s")
        if patience_s is None:
            connection.exec_driver_sql(how)
            return
        connection.exec_driver_sql(f"PRAGMA busy_timeout={int(patience_s * 1000)}")
        try:
            connection.exec_driver_sql(how)
        finally:  # the connection is used again, by those who wait
            connection.exec_driver_sql(f"PRAGMA busy_timeout={PATIENCE_S}000")

    return engine


@contextmanager
def _domain_errors() -> Iterator[None]:
    try:
        yield
    except (OperationalError, NoConnectionLeft) as error:
        raise DatabaseUnavailable("the database failed") from error
