"""Reads what the application writes to its log."""

from __future__ import annotations

import contextlib
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

from app import logs


class LogOutput(io.StringIO):
    def lines(self) -> list[dict[str, Any]]:
        """Every line, parsed; fails for anything that is no line of ours."""
        return [json.loads(line) for line in self.getvalue().splitlines()]


@contextlib.contextmanager
def written(level: str = "debug") -> Iterator[LogOutput]:
    """All logs and everything else on standard error until the block ends."""
    root = logging.getLogger()
    handlers, before = root.handlers[:], root.level
    output = LogOutput()
    try:
        with contextlib.redirect_stderr(output):
            logs.configure(level)
            yield output
    finally:
        root.handlers[:] = handlers
        root.setLevel(before)
