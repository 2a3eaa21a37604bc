"""Which database the houses of tests stand on: SQLite in their folder or, under `pytest --postgres`, a fresh one each.

Either is a copy of one that was migrated once: migrations have tests of their own. The server itself is `postgres`.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from psycopg.errors import DuplicateDatabase

from app.database import Database, schema
from deploy.testbed import postgres

VARIABLE = "TEST_POSTGRES"
TEMPLATE = "migrated"
_made: set[str] = set()


def address(folder: Path, name: str = "cloudfilm.db") -> str:
    """The SQLAlchemy URL of a folder's database; the same folder gets the same database again."""
    if VARIABLE not in os.environ:
        return _sqlite((folder / name).absolute())
    return _url(_create(folder / name, TEMPLATE))


def copied(folder: Path, to: Path, name: str = "cloudfilm.db") -> None:
    """A database as it is in `folder`, for `to`. SQLite's file goes with its folder."""
    if VARIABLE in os.environ:
        _create(to / name, _name(folder / name))


def drop_all() -> None:
    """Remove this process' databases; whoever is connected is thrown out."""
    if not _made:
        return
    with psycopg.connect(_address("postgres"), autocommit=True) as connection:
        for database in _made:
            connection.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
    _made.clear()


@contextmanager
def server() -> Iterator[None]:
    """A PostgreSQL until the block ends, with a migrated template; processes started in it know where it is."""
    with postgres.cluster() as where:
        os.environ[VARIABLE] = where
        try:
            template = Database(postgres.new_database(where, TEMPLATE))
            schema.upgrade(template)
            template.dispose()
            yield
        finally:
            del os.environ[VARIABLE]


def _sqlite(path: Path) -> str:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_migrated_file())
    return f"sqlite:///{path}"


@cache
def _migrated_file() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "migrated.db"
        template = Database(f"sqlite:///{path}")
        schema.upgrade(template)
        template.dispose()
        return path.read_bytes()


def _create(path: Path, template: str) -> str:
    database = _name(path)
    with psycopg.connect(_address("postgres"), autocommit=True) as connection, suppress(DuplicateDatabase):
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (template,))
        connection.execute(f"CREATE DATABASE {database} TEMPLATE {template}")
    _made.add(database)
    return database


def _name(path: Path) -> str:
    return "t" + hashlib.md5(str(path).encode()).hexdigest()


def _address(database: str) -> str:
    return f"postgresql://{os.environ[VARIABLE]}/{database}"


def _url(database: str) -> str:
    return f"postgresql+psycopg://{os.environ[VARIABLE]}/{database}"
