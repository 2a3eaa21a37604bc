"""Handles to the database and the short-lived shared state. No logic, no queries, no decisions on settings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from app.errors import DatabaseUnavailable


class Database:
    """One engine, two kinds of session.

    `session()` writes: on SQLite it takes the write lock at its start (BEGIN IMMEDIATE), so that what it
    read still holds when it writes; it commits on success and rolls back on any exception.
    `read()` never blocks a writer. Both raise DatabaseUnavailable.
    """

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        self._write = sessionmaker(self.engine, expire_on_commit=False)
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
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True)
    engine = create_engine(url, connect_args={"timeout": 30, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not guess where transactions start
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
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
