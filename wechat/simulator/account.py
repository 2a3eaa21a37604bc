"""A simulated WeChat in the same process. It refuses what WeChat refuses, and keeps notices in a small SQLite file.

The rules of fields are in wechat/notices.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from wechat.errors import WechatUnknown, error_of
from wechat.notices import Accepted, Notice, field_fault
from wechat.templates import TEMPLATES

MAGIC = {
    "magic-refuses-notices": 43101,
    "magic-bad-field": 47003,
    "magic-quota": 45009,
    "magic-busy": -1,
}
"""Openid -> the errcode that every notice to it gets."""
TAKEN_UNANSWERED = "magic-taken-unanswered"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS follower (openid TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS notice (
    number INTEGER PRIMARY KEY, openid TEXT NOT NULL, title TEXT NOT NULL, fields TEXT NOT NULL, url TEXT NOT NULL,
    at TEXT NOT NULL);
"""


@dataclass(frozen=True)
class ShownNotice:
    """A notice as the follower sees it. `fields`: (label, value) pairs."""

    title: str
    fields: tuple[tuple[str, str], ...] = field(repr=False)
    url: str = field(repr=False)
    at: datetime


@dataclass(frozen=True)
class SimulatedWechat:
    """A WechatNotifier. `path` is its SQLite file, which is durable and which other processes can read."""

    path: Path
    now: Callable[[], datetime]

    def follow(self, openid: str) -> None:
        with self._transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO follower VALUES (?)", (openid,))

    def unfollow(self, openid: str) -> None:
        with self._transaction() as connection:
            connection.execute("DELETE FROM follower WHERE openid = ?", (openid,))

    def send(self, openid: str, notice: Notice) -> Accepted:
        if openid in MAGIC:
            raise error_of(MAGIC[openid])
        if notice.template.name not in TEMPLATES:
            raise error_of(40037)
        if any(field_fault(key, value) for key, value in notice.values.items()):
            raise error_of(47003)
        with self._transaction() as connection:
            following = connection.execute("SELECT 1 FROM follower WHERE openid = ?", (openid,)).fetchone()
            if following is None and openid != TAKEN_UNANSWERED:
                raise error_of(43004)
            labels = notice.template.fields
            shown = json.dumps([(labels[key], notice.values[key]) for key in labels], ensure_ascii=False)
            connection.execute(
                "INSERT INTO notice (openid, title, fields, url, at) VALUES (?, ?, ?, ?, ?)",
                (openid, notice.template.title, shown, notice.url, self.now().isoformat()),
            )
        if openid == TAKEN_UNANSWERED:
            raise WechatUnknown(0, "no answer")
        return Accepted(uuid4().hex)

    def notices(self, openid: str) -> list[ShownNotice]:
        """All notices of a follower, oldest first."""
        with self._transaction() as connection:
            rows = connection.execute(
                "SELECT title, fields, url, at FROM notice WHERE openid = ? ORDER BY number", (openid,)
            ).fetchall()
        return [
            ShownNotice(title, tuple((label, value) for label, value in json.loads(fields)), url, _instant(at))
            for title, fields, url, at in rows
        ]

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path, timeout=30, isolation_level=None)) as connection:
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


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
