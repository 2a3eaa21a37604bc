"""Sets up logs: JSON lines on standard error, for our events and for those of every library in this process.

What a line may hold is in `lines`; each room decides what it logs.
"""

from __future__ import annotations

import logging
import sys
import threading
import warnings
from collections.abc import MutableMapping
from typing import Any

import structlog

from app.logs.lines import line_of, place

OURS = ("app", "sms", "wechat")
LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

log = structlog.get_logger(__name__)


class _Lines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return line_of(record)


class _Output(logging.StreamHandler[Any]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
        """The standard library would print the record's arguments."""
        sys.stderr.write('{"level": "error", "event": "a log line could not be written"}\n')


def configure(level: str = "info") -> None:
    """Write events of our rooms from `level` on, those of other libraries from warning on. Safe to repeat."""
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, _hand_over],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,  # each request is a line
    )
    output = _Output(sys.stderr)
    output.setFormatter(_Lines())
    root = logging.getLogger()
    root.handlers[:] = [output]
    root.setLevel(logging.WARNING)
    for room in OURS:
        logging.getLogger(room).setLevel(LEVELS[level])
    take_over(logging.getLogger("gunicorn.error"))
    _catch_what_nobody_logs()


def take_over(logger: logging.Logger) -> None:
    """Write as our lines what a logger writes through its own handlers: gunicorn's quote request lines, with codes."""
    for handler in logger.handlers:
        handler.setFormatter(_Lines())


def _hand_over(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> tuple[tuple[dict[str, Any]], dict[str, Any]]:
    return (dict(event),), {}


def _catch_what_nobody_logs() -> None:
    """Log uncaught exceptions and warnings; Python would print them with their messages. A hook set by others stays."""
    if sys.excepthook is sys.__excepthook__:
        sys.excepthook = lambda kind, error, trace: _uncaught(error)
    if threading.excepthook is threading.__excepthook__:
        threading.excepthook = lambda args: _uncaught(args.exc_value)
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = lambda args: _uncaught(args.exc_value)
    warnings.showwarning = _show_warning


def _uncaught(error: BaseException | None) -> None:
    log.critical("uncaught exception", exc_info=error)


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: Any = None,
    line: str | None = None,
) -> None:
    error = message if isinstance(message, Warning) else category()
    log.warning("a warning of the interpreter", place=place(filename, lineno), exc_info=error)
