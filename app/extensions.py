"""Handles to the database and the short-lived shared state. No logic, no queries, no decisions on settings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from app.errors import DatabaseUnavailable

PATIENCE_S = 30
"""How long a writer waits for others before it gives up."""
WRITE_LOCK = 0x436C6F75
"""Any number, the same in every process."""


class Database:
    """One engine, two kinds of session.

    `session()` writes: it takes the one write lock at its start (BEGIN IMMEDIATE, or an advisory lock of PostgreSQL),
    so that what it read still holds when it writes, and no two writers wait for each other; nearly all of them queue
    up for the audit log anyway. It commits on success and rolls back on any exception.
    `read()` never blocks a writer. Both raise DatabaseUnavailable.
    """

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        self.writing = self.engine.execution_options(cloudfilm_write=True)
        self._write = sessionmaker(self.writing, expire_on_commit=False)
        self._read = sessionmaker(self.engine.execution_options(cloudfilm_read=True), expire_on_commit=False)

    @contextmanager
    def session(self) -> Iterator[Session]:
        with _domain_errors(), self._write.begin() as session:
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        with _domain_errors(), self._read() as session:
            yield session

    def probe(self) -> None:
        """Raises the driver's error when the database does not answer."""
        with self.engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    def dispose(self) -> None:
        self.engine.dispose()


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


def _sqlite(url: str) -> Engine:
    engine = create_engine(url, connect_args={"timeout": PATIENCE_S, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not guess where transactions start
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={PATIENCE_S}000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        reading = connection.get_execution_options().get("cloudfilm_read", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


@contextmanager
def _domain_errors() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        raise DatabaseUnavailable("the database failed") from error
