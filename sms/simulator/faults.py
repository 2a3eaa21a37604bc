"""Faults of the simulated carrier on command: the next calls of an action go wrong. They lie in the carrier's file, so
that every process that plays the carrier knows them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sms.simulator.inbox import transaction
from sms.simulator.rules import ApiError, ConnectionDropped

ALL = "/"
HTML, TIMEOUT, CUT, UNDELIVERED = "html", "timeout", "cut", "undelivered"
_TABLE = "CREATE TABLE IF NOT EXISTS fault (number INTEGER PRIMARY KEY, path TEXT, kind TEXT, times INTEGER)"


class NotAnAnswer(Exception):
    """A proxy's page comes back; the carrier never saw the call."""


def order(path: Path, action: str, kind: str, times: int) -> list[dict[str, Any]]:
    """The next `times` calls of an action (`/`: of any) go wrong; 0 mends it. What is ordered now.

    `kind`: `html` (a proxy's page), `timeout` and `cut` (taken, but no answer), `undelivered` (taken, never arrives),
    or a code of the carrier, with which it refuses.
    """
    with transaction(path) as connection:
        connection.execute(_TABLE)
        if times <= 0:
            connection.execute("DELETE FROM fault WHERE ? = '/' OR path = ?", (action, action))
        else:
            connection.execute("INSERT INTO fault (path, kind, times) VALUES (?, ?, ?)", (action, kind, times))
        rows = connection.execute("SELECT path, kind, times FROM fault WHERE times > 0 ORDER BY number").fetchall()
    return [dict(row) for row in rows]


def answered(path: Path, action: str, answer: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The answer of one call, unless a fault was ordered for it. Raises ApiError, ConnectionDropped, NotAnAnswer."""
    kind = _take(path, action)
    if kind == HTML:
        raise NotAnAnswer
    if kind not in ("", TIMEOUT, CUT, UNDELIVERED):
        raise ApiError(kind)
    told = answer()
    if kind in (TIMEOUT, CUT):
        raise ConnectionDropped
    if kind == UNDELIVERED:
        _lose(path, told)
    return told


def _take(path: Path, action: str) -> str:
    with transaction(path) as connection:
        connection.execute(_TABLE)
        query = "SELECT number, kind FROM fault WHERE times > 0 AND path IN (?, ?) ORDER BY number LIMIT 1"
        row = connection.execute(query, (action, ALL)).fetchone()
        if row is None:
            return ""
        connection.execute("UPDATE fault SET times = times - 1 WHERE number = ?", (row["number"],))
        return str(row["kind"])


def _lose(path: Path, told: Mapping[str, Any]) -> None:
    """The network reports that the messages of this answer did not arrive, and no phone shows them."""
    with transaction(path) as connection:
        for status in told.get("SendStatusSet", ()):
            serial = (status["SerialNo"],)
            connection.execute("UPDATE submission SET receipt = 'FAIL:UNDELIV' WHERE serial = ?", serial)
            connection.execute(
                "DELETE FROM message WHERE number = (SELECT max(m.number) FROM message m JOIN submission s"
                " ON s.phone = m.phone AND s.text = m.text WHERE s.serial = ?)",
                serial,
            )
