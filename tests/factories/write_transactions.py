"""What each write transaction of a database did: its statements, the rows they changed, and how long it took."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import event

from app.database import Database

_CHANGING = ("INSERT", "UPDATE", "DELETE")


@dataclass
class WriteTransaction:
    statements: int = 0
    rows: int = 0
    seconds: float = 0.0
    """With the write lock held, without the commit itself."""
    _began: float = field(default_factory=time.perf_counter)

    def end(self) -> None:
        self.seconds = time.perf_counter() - self._began


@contextmanager
def written(database: Database) -> Iterator[list[WriteTransaction]]:
    """The write transactions that ended within the block, those rolled back too."""
    ended: list[WriteTransaction] = []
    current = threading.local()
    engine = database.writing

    def begun(connection: Any) -> None:
        current.one = WriteTransaction()

    def executed(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        one = getattr(current, "one", None)
        if one is None:
            return
        one.statements += 1
        if statement.lstrip().upper().startswith(_CHANGING):
            one.rows += len(parameters) if many else max(cursor.rowcount, 0)

    def over(connection: Any) -> None:
        if (one := getattr(current, "one", None)) is not None:
            one.end()
            ended.append(one)
        current.one = None

    listeners = [("begin", begun), ("after_cursor_execute", executed), ("commit", over), ("rollback", over)]
    for name, listener in listeners:
        event.listen(engine, name, listener)
    try:
        yield ended
    finally:
        for name, listener in listeners:
            event.remove(engine, name, listener)
