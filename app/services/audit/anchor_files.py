"""Anchors of the audit log: one signed file a day, outside the database. When they are written, and what it means when
they and the log differ, is `anchoring`."""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from app.security import private_files

_NAME = re.compile(r"audit-(\d{4}-\d\d-\d\d)\.json")
_LOCK = ".lock"
_BYTES = 4096
"""More than any anchor has."""


@dataclass(frozen=True)
class Anchor:
    """The audit log stood at row `seq`, whose hash is `row_hash` (hex). `day` (UTC) names the file, `counter` counts
    every writing in this place, `place` says which folder of which machine it is."""

    place: str
    day: str
    counter: int
    seq: int
    row_hash: str
    at: str

    def mac(self, key: bytes) -> str:
        text = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
        return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class AnchorFolder:
    """`key`: 32 bytes of purpose `audit-anchors`. Every method raises OSError when the folder cannot be used."""

    path: Path
    key: bytes

    @property
    def place(self) -> str:
        """A name for this folder of this machine, the same after everything in it was removed."""
        return hashlib.sha256(f"{socket.gethostname()}:{self.path.resolve()}".encode()).hexdigest()[:16]

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One process at a time reads and writes on."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def days(self) -> list[str]:
        """The days that have a file, in order."""
        if not self.path.is_dir():
            return []
        return sorted(match[1] for path in self.path.iterdir() if (match := _NAME.fullmatch(path.name)))

    def read(self, day: str) -> Anchor | None:
        """The anchor of a day; None when the file holds none of this key, place and day."""
        with self._file(day).open("rb") as file:
            raw = file.read(_BYTES)
        try:
            document = json.loads(raw)
            mac = str(document.pop("mac"))
            anchor = Anchor(**document)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None
        is_ours = hmac.compare_digest(mac.encode(), anchor.mac(self.key).encode()) and anchor.day == day
        return anchor if is_ours else None

    def put(self, anchor: Anchor) -> None:
        """In the place of the day's former one; durable on return."""
        private_files.replace(self._file(anchor.day), asdict(anchor) | {"mac": anchor.mac(self.key)})

    def set_aside(self, name: str) -> int:
        """Move all anchors into a new folder in this one; how many."""
        days = self.days()
        aside = self.path / name
        aside.mkdir(mode=0o700, exist_ok=True)
        for day in days:
            self._file(day).replace(aside / self._file(day).name)
        return len(days)

    def _file(self, day: str) -> Path:
        return self.path / f"audit-{day}.json"
