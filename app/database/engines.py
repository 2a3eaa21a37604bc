"""Engines: how SQLite and PostgreSQL are opened, how long a writer waits for the lock, what a driver's error becomes.

Why `create_engine` alone is not enough:
- a writing transaction takes the one write lock before it reads, so what it reads is still true when it writes;
- every wait has a limit, so a request waits some seconds for a silent or locked database, and not for ever;
- callers outside of this folder get DatabaseUnavailable, not the driver's own error.

No queries and no migrations are here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft

from app.errors import DatabaseUnavailable

PATIENCE_S = 30
"""How long a writer waits for others before it gives up."""
CONNECT_S = 5
WRITE_LOCK = 0x436C6F75
"""The number of the advisory lock: any number, but the same in every process."""


def engine_of(url: str, **options: Any) -> Engine:
    return sqlite_engine(url, **options) if url.startswith("sqlite") else server_engine(url, **options)


def server_engine(url: str, **options: Any) -> Engine:
    engine = create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": CONNECT_S}, **options)

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        options = connection.get_execution_options()
        if options.get("cloudfilm_write", False):
            patience_ms = max(1, int(options.get("cloudfilm_patience_s", PATIENCE_S) * 1000))  # 0 means no limit
            connection.exec_driver_sql(
                f"SELECT set_config('lock_timeout', '{patience_ms}ms', true), pg_advisory_xact_lock({WRITE_LOCK})"
            )

    return engine


def sqlite_engine(url: str | URL, **options: Any) -> Engine:
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
        finally:  # the pool gives the connection to others, who wait the usual time
            connection.exec_driver_sql(f"PRAGMA busy_timeout={PATIENCE_S}000")

    return engine


@contextmanager
def domain_errors() -> Iterator[None]:
    try:
        yield
    except (OperationalError, NoConnectionLeft) as error:
        raise DatabaseUnavailable("the database failed") from error
