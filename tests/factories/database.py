"""Which database the houses of tests stand on: SQLite in their folder or, under `pytest --postgres`, a fresh one each.

The server is Debian's PostgreSQL, started for the test run in a folder of its own, reached through a Unix socket.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from psycopg.errors import DuplicateDatabase

from app import schema
from app.extensions import Database

VARIABLE = "TEST_POSTGRES_SOCKETS"
TEMPLATE, OWNER = "template_migrated", "cloudfilm"
# What the server may lose in a crash of the machine is not what these tests are about.
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=400")
_made: set[str] = set()


def address(folder: Path, name: str = "cloudfilm.db") -> str:
    """The SQLAlchemy URL of a folder's database; the same folder gets the same database again."""
    if VARIABLE not in os.environ:
        return f"sqlite:///{(folder / name).absolute()}"
    return _url(_create(folder / name, TEMPLATE))


def copied(folder: Path, to: Path, name: str = "cloudfilm.db") -> None:
    """A database as it is in `folder`, for `to`. SQLite's file goes with its folder."""
    if VARIABLE in os.environ:
        _create(to / name, _name(folder / name))


def _create(path: Path, template: str) -> str:
    database = _name(path)
    with psycopg.connect(_conninfo("postgres"), autocommit=True) as connection, suppress(DuplicateDatabase):
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (template,))
        connection.execute(f"CREATE DATABASE {database} TEMPLATE {template}")
    _made.add(database)
    return database


def _name(path: Path) -> str:
    return "t" + hashlib.md5(str(path).encode()).hexdigest()


def drop_all() -> None:
    """Remove this process' databases; whoever is connected is thrown out."""
    if not _made:
        return
    with psycopg.connect(_conninfo("postgres"), autocommit=True) as connection:
        for database in _made:
            connection.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
    _made.clear()


def programs() -> Path | None:
    """Where Debian keeps the server's programs; None: it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


@contextmanager
def server() -> Iterator[None]:
    """A PostgreSQL until the block ends, with a migrated template; processes started in it know where it is."""
    binaries = programs()
    assert binaries is not None
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    user = "postgres" if os.getuid() == 0 else None  # the server refuses to run as root
    if user is not None:
        shutil.chown(folder, user)
    settings = [
        word
        for setting in (*FAST, "listen_addresses=", f"unix_socket_directories={folder}")
        for word in ("-c", setting)
    ]
    data = str(folder / "data")
    quiet = {"stdout": subprocess.DEVNULL, "user": user, "cwd": folder, "check": True}
    subprocess.run([binaries / "initdb", "-D", data, "-A", "trust", "-U", OWNER, "-E", "UTF8", "--locale=C"], **quiet)  # type: ignore[call-overload]
    process = subprocess.Popen(
        [binaries / "postgres", "-D", data, *settings], user=user, cwd=folder, stderr=subprocess.DEVNULL
    )
    os.environ[VARIABLE] = str(folder)
    try:
        _wait()
        _make_template()
        yield
    finally:
        del os.environ[VARIABLE]
        process.terminate()
        process.wait(timeout=30)
        shutil.rmtree(folder)


def _wait() -> None:
    for _ in range(200):
        try:
            psycopg.connect(_conninfo("postgres")).close()
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("PostgreSQL did not start")


def _make_template() -> None:
    with psycopg.connect(_conninfo("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {TEMPLATE}")
    database = Database(_url(TEMPLATE))
    schema.upgrade(database)
    database.dispose()


def _url(database: str) -> str:
    return f"postgresql+psycopg://{OWNER}@/{database}?host={os.environ[VARIABLE]}"


def _conninfo(database: str) -> str:
    return f"host={os.environ[VARIABLE]} user={OWNER} dbname={database}"
