"""Brings a database to the newest schema. The steps are in migrations/."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from app.database import Database

_BROKEN_REFERENCES = "PRAGMA foreign_key_check"
MIGRATIONS = Path(__file__).resolve().parent.parent.parent / "migrations"


def configuration() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def upgrade(database: Database, revision: str = "head") -> None:
    """Apply all missing migrations in one transaction. When two processes start at once, one waits for the other."""
    _run(database, command.upgrade, revision)


def downgrade(database: Database, revision: str) -> None:
    _run(database, command.downgrade, revision)


def make(connection: Connection, revision: str) -> None:
    """The tables of a revision, in an empty database and in the caller's transaction."""
    config = configuration()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def knows(revision: str) -> bool:
    """Whether this release has the steps up to a revision, so that it can go on from there."""
    return revision in {step.revision for step in ScriptDirectory.from_config(configuration()).walk_revisions()}


def _run(database: Database, step: object, revision: str) -> None:
    with database.writing.connect() as connection, _references_unwatched(connection), connection.begin():
        before = MigrationContext.configure(connection).get_current_revision()
        config = configuration()
        config.attributes["connection"] = connection
        step(config, revision)  # type: ignore[operator]
        moved = MigrationContext.configure(connection).get_current_revision() != before
        if moved and connection.dialect.name == "sqlite" and connection.exec_driver_sql(_BROKEN_REFERENCES).first():
            raise RuntimeError("a step of the schema leaves rows that refer to nothing")


@contextmanager
def _references_unwatched(connection: Connection) -> Iterator[None]:
    """Turn off the check of foreign keys on SQLite while a migration runs.

    To change a table, SQLite makes a new table and drops the old one. Rows in other tables refer to the old table and
    would forbid that. The switch has no effect inside a transaction, so it is set on the driver's connection before the
    transaction begins.
    """
    driver = connection.connection.driver_connection
    if connection.dialect.name != "sqlite" or driver is None:
        yield
        return
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys=ON")
