"""A PostgreSQL server of its own, from Debian's package, in a folder that is removed afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psycopg

from deploy.testbed.processes import Running, free_port, started


def binaries() -> Path | None:
    """Where Debian's newest server is, if it is."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


@contextmanager
def cluster(owner: str = "cloudfilm") -> Iterator[str]:
    """Yields host, port and user as a libpq address without a database. `owner`: the superuser's name."""
    folder, port, tools = Path(tempfile.mkdtemp(prefix="cloudfilm-pg-")), free_port(), binaries()
    assert tools is not None
    as_user: list[str] = []
    if os.geteuid() == 0:  # the server refuses to run as root
        shutil.chown(folder, "postgres", "postgres")
        as_user = ["runuser", "-u", "postgres", "--"]
    data = str(folder / "data")
    quick = ["--no-sync", "-A", "trust", "-U", owner, "-E", "UTF8"]
    subprocess.run([*as_user, str(tools / "initdb"), "-D", data, *quick], check=True, capture_output=True, cwd="/")
    options = ["-p", str(port), "-k", str(folder), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
    options += ["-c", "synchronous_commit=off", "-c", "max_connections=400"]
    address = f"{owner}@127.0.0.1:{port}"
    command = [*as_user, str(tools / "postgres"), "-D", data, *options]
    try:
        ready = partial(_answers, address)
        with started(command, folder / "server.log", os.environ, ready, signal.SIGQUIT, Path("/")):
            yield address
    finally:
        shutil.rmtree(folder)


def new_database(address: str, name: str) -> str:
    """An empty database; its SQLAlchemy URL."""
    with psycopg.connect(f"postgresql://{address}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return f"postgresql+psycopg://{address}/{name}"


def _answers(address: str, _: Running) -> bool:
    try:
        psycopg.connect(f"postgresql://{address}/postgres").close()
    except psycopg.OperationalError:
        return False
    return True
