"""What a log line may hold: the closed list of fields, and how records and exceptions become a line. No set-up.

One rule, default deny: words come from our source code, values from `FIELDS`. A pick-up code or a name cannot be told
from other text by its shape, so no text from outside is ever written:
- our events: a literal (a contract test holds that) and keywords of `FIELDS`, each with a value of its kind;
- other libraries' records: their template without its arguments, and where it was written;
- exceptions: types and places. Their messages quote what was being handled.
"""

from __future__ import annotations

import errno
import ipaddress
import json
import logging
import re
import sys
import traceback
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

WITHHELD = "(withheld)"
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")
NO_ROUTE = "(none)"
_FRAMES, _CAUSES = 8, 8
_PLAIN = re.compile(r"(?!.*[^ ]{25})[A-Za-z][A-Za-z ,.:;()%'!-]{0,150}")  # a token of letters alone is no word
_LOGGER = re.compile(r"[A-Za-z][\w.]{0,80}")


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 10**10


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _address(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(ipaddress.ip_address(value))
    except ValueError:
        return False


def _one_of(*words: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and value in words


def _shaped(pattern: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value, re.ASCII) is not None


def _row_id(value: Any) -> bool:
    """The type decides: the same letters in a text may be anything."""
    return isinstance(value, uuid.UUID)


_carriers_word = _shaped(r"([A-Z][a-z]+){2,}(\.([A-Z][a-z]*)+)?")
_aliyuns_word = _shaped(r"is[pv]\.[A-Z_]{3,40}|(SDK|Throttling|Forbidden)\.[A-Za-z]{2,30}")
_GATEWAYS = ("gateway 401", "gateway 403", "gateway 404", "gateway refused", "gateway busy", "gateway odd answer")
_our_word = _one_of("no connection", "no template id", "worker lost", "gateway silent", *_GATEWAYS)


def _carriers_code(value: Any) -> bool:
    """WeChat's are numbers, Tencent's are words as in FailedOperation.ContainSensitiveWord, ours a list."""
    return _carriers_word(value) or _aliyuns_word(value) or _our_word(value) or (_number(value) and abs(value) < 10**5)


FIELDS: Mapping[str, Callable[[Any], bool]] = {
    "attempt": _number,
    "bytes": _number,
    "ms": _number,
    "port": _number,
    "status": _number,
    "tls": _flag,
    "client": _address,  # of a machine at the DICOM door, never of a patient
    "exam": _row_id,
    "field": _shaped(r"[a-z_]{1,40}\.[a-z_]{1,40}"),
    "job": _row_id,
    "notification": _row_id,
    "notice": _one_of("images_ready", "ready", "report_ready"),
    "row": _row_id,
    "study": _row_id,
    "telling": _row_id,
    "failure_code": _carriers_code,
    "kind": _one_of(
        "prepare_study",
        "copy_series",
        "one_time_code",
        "phone_code",
        "binding_code",
        "family_code",
        "check_notices",
    ),
    "method": _one_of(*METHODS, "other"),
    "place": _shaped(r"[\w.-]+(/[\w.-]+)?:\d+"),  # in source code
    "part": _one_of("database", "store", "redis", "queue"),
    "route": _shaped(r"\(none\)|(/|(/([a-z_.-]|v1|MP_verify|<[a-z_:]+>)+)+/?)"),  # a rule with its <variables>
}


_encode = json.JSONEncoder(default=lambda row_id: row_id.hex).encode


def line_of(record: logging.LogRecord) -> str:
    """The record as one JSON line."""
    line: dict[str, Any] = {
        "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname.lower(),
        "logger": record.name if _LOGGER.fullmatch(record.name) else WITHHELD,
    }
    if isinstance(record.msg, dict):
        line |= _ours(record.msg)
        error = _error_of(record.msg.get("exc_info"))
    else:
        line |= _foreign(record)
        error = _error_of(record.exc_info)
    if error is not None:
        line["exception"] = description(error)
    return _encode(line)


def _ours(event: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "event", _plain(event.get("event"))
    others = 0
    for key, value in event.items():
        if key in FIELDS:
            yield key, value if FIELDS[key](value) else WITHHELD
        elif key not in ("event", "exc_info"):
            others += 1
    if others:
        yield "fields_withheld", others


def _foreign(record: logging.LogRecord) -> Iterator[tuple[str, Any]]:
    """Template and place. A message without arguments may hold data already: then only its place is written."""
    yield "event", _plain(record.msg) if record.args else WITHHELD
    yield "place", place(record.pathname, record.lineno)


def _plain(text: Any) -> str:
    """The text, when it is English words and punctuation. A digit or another script is not in our sentences."""
    return text if isinstance(text, str) and _PLAIN.fullmatch(text) else WITHHELD


def _error_of(exc_info: Any) -> BaseException | None:
    found = exc_info[1] if isinstance(exc_info, tuple) else sys.exc_info()[1] if exc_info is True else exc_info
    return found if isinstance(found, BaseException) else None


def description(error: BaseException) -> str:
    """Types and places of an exception, its causes and its group's members, without any message."""
    parts = [_one(error)]
    for _ in range(_CAUSES):
        cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if cause is None:
            break
        parts.append(_one(cause))
        error = cause
    return " caused by ".join(parts)


def _one(error: BaseException) -> str:
    kind = type(error).__name__
    if isinstance(error, OSError) and error.errno:
        kind += f"[{errno.errorcode.get(error.errno, '?')}]"
    if isinstance(error, BaseExceptionGroup):
        kind += f"({'; '.join(description(member) for member in error.exceptions[:_CAUSES])})"
    frames = list(traceback.walk_tb(error.__traceback__))[-_FRAMES:]
    places = " < ".join(place(frame.f_code.co_filename, line) for frame, line in reversed(frames))
    return f"{kind} at {places}" if places else kind


def place(filename: str, line: int | None) -> str:
    """The last two parts of the source file's path, and the line."""
    return f"{'/'.join(filename.split('/')[-2:])}:{line}"
