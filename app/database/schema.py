"""Brings a database to the newest schema. The steps themselves are in migrations/."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config

from app.database import Database

MIGRATIONS = Path(__file__).resolve().parent.parent.parent / "migrations"


def configuration() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def upgrade(database: Database, revision: str = "head") -> None:
    """Apply all missing migrations in one transaction; two processes starting at once wait for each other."""
    _run(database, command.upgrade, revision)


def downgrade(database: Database, revision: str) -> None:
    _run(database, command.downgrade, revision)


def _run(database: Database, step: object, revision: str) -> None:
    with database.writing.begin() as connection:
        config = configuration()
        config.attributes["connection"] = connection
        step(config, revision)  # type: ignore[operator]
