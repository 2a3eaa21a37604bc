"""Structured logs as JSON lines, redacted. What is logged is each room's decision; what never gets out is decided here.

Redaction works on three levels: keys that name secrets or persons lose their value, texts are cleaned of anything
shaped like a phone number, an ID number, a code or a token, and exceptions are logged by type and place, without
their message.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog

_PERSONAL_KEYS = re.compile(
    r"(name|phone|mobile|id_number|birth|code|factor|token|secret|password|totp|cookie|authorization|openid|body|url|path)",
    re.IGNORECASE,
)
_ALLOWED_KEYS = frozenset({"status_code", "failure_code", "hostname", "route", "body_bytes"})
_SHAPES = (
    (re.compile(r"\b[1-9]\d{16}[\dXx]\b"), "<id-number>"),
    (re.compile(r"(?<!\d)(\+?86)?1[3-9]\d{9}(?!\d)"), "<phone>"),
    (re.compile(r"/(q|s)/[^\s\"'?#]+"), r"/\1/<code>"),
    (re.compile(r"(?i)bearer\s+\S+"), "Bearer <token>"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), "<jwt>"),
    (re.compile(r"(?i)([?&][\w-]*(secret|token|code|key|appid)[\w-]*=)[^&\s]+"), r"\1<redacted>"),
    (re.compile(r"\b[A-Z2-7]{26}\b"), "<code>"),
    (re.compile(r"[㐀-鿿]{2,}"), "<text>"),
)


def redact(text: str) -> str:
    """`text` without anything shaped like personal data or a secret. Chinese running text is taken for personal."""
    for shape, replacement in _SHAPES:
        text = shape.sub(replacement, text)
    return text


def redact_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """structlog processor: redacts values by key and by shape, whatever their depth."""
    for key in list(event):
        if key == "exc_info":
            event["exception"] = _describe(event.pop(key))
        elif key not in ("event", "level", "timestamp", "logger"):
            event[key] = _redact_value(key, event[key])
    event["event"] = redact(str(event.get("event", "")))
    return event


def _redact_value(key: str, value: Any) -> Any:
    if _PERSONAL_KEYS.search(key) and key not in _ALLOWED_KEYS:
        return "<redacted>"
    if isinstance(value, dict):
        return {inner: _redact_value(str(inner), item) for inner, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_redact_value("", item) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return redact(str(value))


def _describe(exc_info: Any) -> str:
    """Types and places of an exception and its causes. Messages are left out: they quote what was being handled."""
    error = sys.exc_info()[1] if exc_info is True else exc_info[1] if isinstance(exc_info, tuple) else exc_info
    parts: list[str] = []
    while isinstance(error, BaseException):
        frames = traceback.extract_tb(error.__traceback__)[-12:]
        places = " < ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in reversed(frames))
        parts.append(f"{type(error).__name__} at {places}")
        error = error.__cause__ or error.__context__
    return " caused by ".join(parts)


def configure(level: str = "info") -> None:
    """Send both structlog's and the standard library's records as redacted JSON lines to standard error."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            redact_event,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for chatty in (
        "pynetdicom",
        "PIL",
        "urllib3",
        "tencentcloud",
        "wechatpy",
        "pydicom",
        "alembic",
        "python_multipart",
    ):
        logging.getLogger(chatty).setLevel(logging.WARNING)
