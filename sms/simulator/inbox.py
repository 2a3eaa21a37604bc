"""The memory of the simulated phones: a small durable SQLite file that other processes can read. No rules here."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS message (
    number INTEGER PRIMARY KEY, phone TEXT NOT NULL, sender TEXT NOT NULL, text TEXT NOT NULL, at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS message_phone ON message (phone);
CREATE TABLE IF NOT EXISTS submission (
    serial TEXT PRIMARY KEY, phone TEXT NOT NULL, text TEXT NOT NULL, session_context TEXT NOT NULL, at TEXT NOT NULL,
    receipt TEXT, receipt_at TEXT, pushes INTEGER NOT NULL DEFAULT 0, pushed INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS submission_phone ON submission (phone, at);
"""


@contextmanager
def transaction(path: Path) -> Iterator[sqlite3.Connection]:
    """One durable write transaction on the simulated carrier's file. A missing file is created."""
    with closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.executescript(_SCHEMA)
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


@dataclass(frozen=True)
class InboxMessage:
    """A message as a phone shows it. `sender` is the signature without brackets, `at` is aware UTC."""

    phone: str = field(repr=False)
    sender: str
    text: str = field(repr=False)
    at: datetime


@dataclass(frozen=True)
class PhoneInbox:
    path: Path

    def messages(self, phone: str) -> list[InboxMessage]:
        """All messages of a phone (+86…), oldest first."""
        with transaction(self.path) as connection:
            rows = connection.execute("SELECT * FROM message WHERE phone = ? ORDER BY number", (phone,)).fetchall()
        return [
            InboxMessage(row["phone"], row["sender"], row["text"], datetime.fromisoformat(row["at"])) for row in rows
        ]

    def phones(self) -> list[str]:
        """Every phone that ever got a message."""
        with transaction(self.path) as connection:
            return [row[0] for row in connection.execute("SELECT DISTINCT phone FROM message ORDER BY phone")]


def put(connection: sqlite3.Connection, phone: str, sender: str, text: str, at: datetime) -> None:
    """Add a message inside the caller's transaction."""
    connection.execute(
        "INSERT INTO message (phone, sender, text, at) VALUES (?, ?, ?, ?)", (phone, sender, text, at.isoformat())
    )
