"""Handles to the database and the short-lived shared state. No logic, no queries, no decisions on settings."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeAlias

from sqlalchemy import URL, Connection, Engine, Executable, NullPool, Row, create_engine, event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from app.errors import DatabaseUnavailable

PATIENCE_S = 30
"""How long a writer waits for others before it gives up."""
WRITE_LOCK = 0x436C6F75
"""Any number, the same in every process."""

LookedUp: TypeAlias = "Row[*tuple[Any, ...]]"


class Database:
    """One database, three ways to it.

    `session()` writes: it takes the one write lock at its start (BEGIN IMMEDIATE, or an advisory lock of PostgreSQL),
    so that what it read still holds when it writes, and no two writers wait for each other; nearly all of them queue
    up for the audit log anyway. It commits on success and rolls back on any exception.
    `read()` never blocks a writer. `look_up()` is for one SELECT where every request passes, at a tenth of the cost.
    All raise DatabaseUnavailable.
    """

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        self.writing = self.engine.execution_options(cloudfilm_write=True)
        self._write = sessionmaker(self.writing, expire_on_commit=False)
        self._read = sessionmaker(self.engine.execution_options(cloudfilm_read=True), expire_on_commit=False)
        self._look_ups = _LookUps(self.engine)

    @contextmanager
    def session(self) -> Iterator[Session]:
        with _domain_errors(), self._write.begin() as session:
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        with _domain_errors(), self._read() as session:
            yield session

    def look_up(self, statement: Executable, values: Mapping[str, Any]) -> LookedUp | None:
        """The only row of `statement`, if there is one, as it is committed now. Build the statement once."""
        with _domain_errors():
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
            _sqlite(engine.url, poolclass=NullPool).execution_options(cloudfilm_plain=True)
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


def _engine(url: str) -> Engine:
    return _sqlite(url) if url.startswith("sqlite") else _server(url)


def _server(url: str) -> Engine:
    engine = create_engine(url, pool_pre_ping=True)

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        if connection.get_execution_options().get("cloudfilm_write", False):
            connection.exec_driver_sql(
                f"SELECT set_config('lock_timeout', '{PATIENCE_S}s', true), pg_advisory_xact_lock({WRITE_LOCK})"
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
        if not options.get("cloudfilm_plain", False):
            connection.exec_driver_sql("BEGIN" if options.get("cloudfilm_read", False) else "BEGIN IMMEDIATE")

    return engine


@contextmanager
def _domain_errors() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        raise DatabaseUnavailable("the database failed") from error
