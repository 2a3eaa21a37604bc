"""The whole database at one moment, while others write, and back again: SQLite by its backup interface, PostgreSQL by
COPY in one snapshot (ADR 0020). Where a backup lies, and what else belongs to it, is in app/services/backup.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql
from sqlalchemy import Connection, create_engine, inspect, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from app.database import Database, schema
from app.database.engines import PATIENCE_S, domain_errors
from app.database.packed_files import packed, packed_new
from app.errors import BackupFailed

SQLITE_FILE = "cloudfilm.db"
PAUSE_S = 0.25
"""How long SQLite's backup interface sleeps when the database is in use."""
BLOCK_BYTES = 1024 * 1024
_IN_USE = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


@dataclass(frozen=True)
class TableCopy:
    """One table of PostgreSQL in a file of COPY's text format, packed. A table comes after those it refers to."""

    name: str
    columns: tuple[str, ...]
    rows: int

    @property
    def file(self) -> str:
        return f"{self.name}.copy.gz"


@dataclass(frozen=True)
class Frozen:
    """A copy that was just written. `session` reads the same moment; `tables` is empty for SQLite."""

    session: Session
    revision: str
    tables: tuple[TableCopy, ...]


@contextmanager
def frozen(db: Database, folder: Path) -> Iterator[Frozen]:
    """Write the database as it is at one moment into an empty folder, durably. Others go on reading and writing.

    Raises OSError when the folder cannot be written, BackupFailed and DatabaseUnavailable.
    """
    with domain_errors(), _refusals():
        if db.engine.dialect.name == "sqlite":
            path = folder / SQLITE_FILE
            _copy_sqlite(str(db.engine.url.database), path)
            engine = create_engine("sqlite://", creator=lambda: _opened_to_read(path), poolclass=NullPool)
            with Session(engine) as session:
                yield Frozen(session, _revision(session.connection()), ())
        else:
            snapshot = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
            with db.engine.connect().execution_options(**snapshot) as connection, Session(connection) as session:
                tables = tuple(_copied_out(connection, folder))
                yield Frozen(session, _revision(connection), tables)


def load(db: Database, folder: Path, revision: str, tables: Sequence[TableCopy]) -> None:
    """Put a copy in the place of everything the database holds, in one transaction, and bring it to the newest schema.

    Raises OSError when the folder cannot be read, BackupFailed and DatabaseUnavailable; the database is as before then.
    """
    with domain_errors(), _refusals():
        db.engine.dispose()  # SQLite: we hold it no longer ourselves
        if db.engine.dialect.name == "sqlite":
            _load_sqlite(folder / SQLITE_FILE, str(db.engine.url.database))
        else:
            _load_tables(db, folder, revision, tables)
            db.engine.dispose()  # prepared statements know the former tables
    schema.upgrade(db)


def _copy_sqlite(source: str, path: Path) -> None:
    """All pages in one step: a step that others interrupt by writing would begin anew each time."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with closing(sqlite3.connect(source, timeout=0)) as live, closing(sqlite3.connect(path)) as copy:
        live.backup(copy, pages=-1, progress=_Patience())
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, whoever opens it
        if copy.execute("PRAGMA quick_check").fetchone() != ("ok",):
            raise BackupFailed("the database is damaged: SQLite's own check finds faults in it")
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _load_sqlite(path: Path, target: str) -> None:
    with (
        closing(_opened_to_read(path)) as copy,
        closing(sqlite3.connect(target, timeout=0)) as live,
    ):
        copy.backup(live, pages=-1, progress=_Patience())
        live.execute("PRAGMA journal_mode=WAL")


def _opened_to_read(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)


class _Patience:
    """The backup interface tries for ever while somebody holds the database: after PATIENCE_S this ends it."""

    def __init__(self) -> None:
        self._pauses_left = PATIENCE_S / PAUSE_S

    def __call__(self, status: int, _remaining: int, _total: int) -> None:
        if status in _IN_USE:
            self._pauses_left -= 1
        if self._pauses_left < 0:
            raise BackupFailed("the database is in use: stop every process of CloudFilm first")


def _copied_out(connection: Connection, folder: Path) -> Iterator[TableCopy]:
    inspector = inspect(connection)
    driver: Any = connection.connection.driver_connection
    for name, _ in inspector.get_sorted_table_and_fkc_names():
        if name is None or name == "alembic_version":
            continue
        columns = tuple(column["name"] for column in inspector.get_columns(name))
        path = folder / TableCopy(name, columns, 0).file
        with packed_new(path) as file, driver.cursor() as cursor:
            with cursor.copy(_copy_statement(name, columns, "TO STDOUT")) as copy:
                for block in copy:
                    file.write(block)
            yield TableCopy(name, columns, cursor.rowcount)


def _load_tables(db: Database, folder: Path, revision: str, tables: Sequence[TableCopy]) -> None:
    with db.writing.connect() as connection, connection.begin():
        for name in inspect(connection).get_table_names():
            connection.exec_driver_sql(_quoted(connection, "DROP TABLE {} CASCADE", name))
        schema.make(connection, revision)
        driver: Any = connection.connection.driver_connection
        for table in reversed(tables):  # a step of the schema may have written rows
            connection.exec_driver_sql(_quoted(connection, "DELETE FROM {}", table.name))
        for table in tables:
            # its triggers would count rows whose counts are in the copy, too
            connection.exec_driver_sql(_quoted(connection, "ALTER TABLE {} DISABLE TRIGGER USER", table.name))
            with packed(folder / table.file) as file, driver.cursor() as cursor:
                with cursor.copy(_copy_statement(table.name, table.columns, "FROM STDIN")) as copy:
                    while block := file.read(BLOCK_BYTES):
                        copy.write(block)
                if cursor.rowcount != table.rows:
                    raise BackupFailed(f"the table {table.name} has other rows than were backed up")
            connection.exec_driver_sql(_quoted(connection, "ALTER TABLE {} ENABLE TRIGGER USER", table.name))


def _copy_statement(name: str, columns: Sequence[str], how: str) -> sql.Composed:
    listed = sql.SQL(", ").join(sql.Identifier(column) for column in columns)
    return sql.SQL("COPY {} ({}) ").format(sql.Identifier(name), listed) + sql.SQL(how)


def _quoted(connection: Connection, statement: str, name: str) -> str:
    return statement.format(connection.dialect.identifier_preparer.quote(name))


def _revision(connection: Connection) -> str:
    return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one())


@contextmanager
def _refusals() -> Iterator[None]:
    """What the drivers raise past SQLAlchemy. Their messages may quote rows: only their kind is told."""
    try:
        yield
    except sqlite3.Error as error:
        if "full" in str(error):
            raise BackupFailed("no room left for the copy of the database") from error
        raise BackupFailed(f"SQLite refused the copy ({type(error).__name__})") from error
    except psycopg.Error as error:
        raise BackupFailed(f"PostgreSQL refused the copy ({type(error).__name__})") from error
