"""A hospital's machine in a folder, on which the commands of docs/operating.md run word for word.

Paths outside of a home lie below the folder. PostgreSQL and Redis are real. Stand-ins note what would change the
machine itself: packages, users, systemd. Who the commands run as is not played.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from deploy.testbed import postgres
from deploy.testbed.processes import free_port, listening, started
from tests.factories.documents import Document
from tests.places import ROOT

OPERATING = ROOT / "docs" / "operating.md"
HEADING = "## From a bundle to the first patient\n"
_PLACES = re.compile(r"(?<![\w./])/(opt|etc|usr/local|var/lib|mnt|media)/")
_BLOCK = re.compile(r"^ *```\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
NOTED = ("apt-get", "adduser", "systemctl", "nginx")
_NOTE = '#!/bin/sh\necho "$(basename "$0") $*" >>"{noted}"\n'
_AS_USER = """#!/bin/sh
# runuser -u USER -- COMMAND
if [ "$2" = postgres ]; then export PGHOST={host} PGPORT={port} PGUSER=postgres; fi
shift 3
exec "$@"
"""
_INSTALL = """#!/bin/bash
# install, without giving the file to another user
words=()
while [ $# -gt 0 ]; do
    case $1 in -o | -g) shift 2 ;; *) words+=("$1"); shift ;; esac
done
exec /usr/bin/install "${words[@]}"
"""


@dataclass(frozen=True)
class Machine:
    """`root`: what stands for / in the commands. `home`: where the operator put the bundle."""

    root: Path
    environ: Mapping[str, str]
    database: str
    redis_port: int

    @property
    def home(self) -> Path:
        return self.root / "root"

    def here(self, text: str) -> str:
        """A text with its paths below the machine's root."""
        return _PLACES.sub(rf"{self.root}/\1/", text.replace("-C /opt\n", f"-C {self.root}/opt\n"))

    def run(self, block: str) -> str:
        """Run a block of the document as one shell script; its output. Raises AssertionError when a command fails."""
        done = subprocess.run(
            ["bash", "-e", "-u", "-c", self.here(block)],
            cwd=self.home,
            env=dict(self.environ),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=280,
        )
        assert done.returncode == 0, f"{block}\n{done.stdout}"
        return done.stdout

    def noted(self) -> list[str]:
        """What the stand-ins were asked."""
        return (self.root / "noted").read_text().splitlines()


def blocks() -> list[str]:
    """The blocks of commands of the document's installation, in order, without the list's indentation."""
    text = Document(OPERATING).text.partition(HEADING)[2].partition("\n## ")[0]
    return [re.sub(r"^ {3}", "", block, flags=re.MULTILINE) for block in _BLOCK.findall(text)]


@contextmanager
def machine(root: Path) -> Iterator[Machine]:
    """An empty Debian with PostgreSQL and Redis, until the block ends."""
    for folder in ("root", "opt", "shims", "usr/local/bin", "etc/systemd/system", "etc/nginx/conf.d", "mnt/backup"):
        (root / folder).mkdir(parents=True)
    (root / "etc/nginx/nginx.conf").write_text("events {\n    worker_connections 768;\n}\n")
    port = free_port()
    redis = ["redis-server", "--port", str(port), "--save", "", "--dir", str(root)]
    with (
        postgres.cluster("postgres") as address,
        started(redis, root / "redis.log", {}, listening(port), signal.SIGTERM),
    ):
        host, _, database_port = address.partition("@")[2].partition(":")
        _stand_ins(root, host, database_port)
        path = f"{root}/shims:{root}/usr/local/bin:{os.environ['PATH']}:/usr/sbin"
        environ = {name: os.environ[name] for name in os.environ if not name.startswith(("CLOUDFILM_", "PIP_", "PG"))}
        environ |= {"PATH": path, "SETTINGS_FILE": f"{root}/etc/cloudfilm/cloudfilm.env"}
        yield Machine(root, environ, f"postgresql+psycopg://cloudfilm@{host}:{database_port}/cloudfilm", port)


def _stand_ins(root: Path, host: str, port: str) -> None:
    make = partial(_program, root / "shims")
    for name in NOTED:
        make(name, _NOTE.format(noted=root / "noted"))
    make("runuser", _AS_USER.format(host=host, port=port))
    make("install", _INSTALL)


def _program(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)
