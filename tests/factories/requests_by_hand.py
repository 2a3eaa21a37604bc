"""Requests made byte by byte, with nothing that a client would mend, and how the application answers them.

A test client quotes, encodes and completes what it sends; who attacks does not.
"""

from __future__ import annotations

import io
import json
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any
from urllib.parse import quote_from_bytes

from flask import Flask
from werkzeug.test import run_wsgi_app

from app.errors import CloudFilmError
from tests.factories import odd_values

FORM_TYPE, JSON_TYPE = b"application/x-www-form-urlencoded", b"application/json"
METHODS = (
    "GET",
    "HEAD",
    "OPTIONS",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "TRACE",
    "CONNECT",
    "PROPFIND",
    "get",
    "G\xe9T",
    "",
)
Pairs = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True)
class Sent:
    """`path`: its pieces between slashes, unquoted. The body is `body`, or else `document` as JSON, or else `form`."""

    method: str
    path: tuple[bytes, ...]
    query: Pairs = ()
    form: Pairs = ()
    document: Any = None
    body: bytes | None = None
    headers: dict[str, bytes] = field(default_factory=dict)

    def environ(self) -> dict[str, Any]:
        """As a server hands it over (PEP 3333): bytes as latin-1."""
        body = b"" if self.body is None else self.body
        made = {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": (b"/" + b"/".join(self.path)).decode("latin-1"),
            "QUERY_STRING": _pairs(self.query),
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "localhost",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            key = name.upper().replace("-", "_")
            made[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value.decode("latin-1")
        return made

    def written(self) -> Sent:
        """With its form or document as a body."""
        if self.body is not None:
            return self
        if self.document is not None:
            body = self.document if isinstance(self.document, bytes) else json.dumps(self.document).encode()
            return replace(self, body=body, headers={"Content-Type": JSON_TYPE} | self.headers)
        if self.form:
            return replace(self, body=_pairs(self.form).encode(), headers={"Content-Type": FORM_TYPE} | self.headers)
        return self


def _pairs(pairs: Pairs) -> str:
    return "&".join(f"{quote_from_bytes(name)}={quote_from_bytes(value)}" for name, value in pairs)


@dataclass(frozen=True)
class Answer:
    """`status` is 599 when the application raised an error instead. `fault` is the error behind a server error."""

    status: int
    fault: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class Answers:
    """Asks an application, and keeps the error that its error page hid."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._fault = ""
        handlers = app.error_handler_spec[None][None]
        for kind in (Exception, CloudFilmError):
            handlers[kind] = self._keeping(handlers[kind])

    def ask(self, sent: Sent) -> Answer:
        self._fault = ""
        try:
            body, status, headers = run_wsgi_app(self._app, sent.written().environ(), buffered=True)
            return Answer(int(status[:3]), self._fault, b"".join(body), headers)
        except Exception:
            return Answer(599, traceback.format_exc(), b"")

    def _keeping(self, handler: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def keep(error: Exception) -> Any:
            self._fault = "".join(traceback.format_exception(error))
            return handler(error)

        return keep


def mutated(random: Random, sent: Sent, names: tuple[str, ...]) -> Sent:
    """`sent` with one to three of its parts changed. `names`: of fields that some route reads."""
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        sent = random.choice(CHANGES)(random, sent, names)
    return sent


def _path(random: Random, sent: Sent, names: tuple[str, ...]) -> Sent:
    at = random.randrange(len(sent.path))
    return replace(sent, path=(*sent.path[:at], odd_values.sent(random, sent.path[at]), *sent.path[at + 1 :]))


def _query(random: Random, sent: Sent, names: tuple[str, ...]) -> Sent:
    return replace(sent, query=_changed(random, sent.query, names))


def _body(random: Random, sent: Sent, names: tuple[str, ...]) -> Sent:
    if isinstance(sent.document, bytes):
        return replace(sent, document=odd_values.broken(random, sent.document))
    if sent.document is not None:
        return replace(sent, document=odd_values.document(random, sent.document))
    if sent.body is not None:
        return replace(sent, body=odd_values.broken(random, sent.body))
    return replace(sent, form=_changed(random, sent.form, names))


def _header(random: Random, sent: Sent, names: tuple[str, ...]) -> Sent:
    name = random.choice((*odd_values.HEADERS, *sent.headers))
    return replace(sent, headers=sent.headers | {name: odd_values.header(random, sent.headers.get(name, b""))})


def _method(random: Random, sent: Sent, names: tuple[str, ...]) -> Sent:
    return replace(sent, method=random.choice(METHODS))


CHANGES = (_path, _query, _query, _body, _body, _body, _header, _header, _method)


def _changed(random: Random, pairs: Pairs, names: tuple[str, ...]) -> Pairs:
    """One value changed, a pair doubled, or one more with a name that some route reads."""
    at = random.randrange(len(pairs)) if pairs else 0
    if not pairs or random.random() < 0.3:
        name = random.choice(names).encode() if random.random() < 0.9 else odd_values.sent(random)
        return (*pairs, (name, odd_values.sent(random)))
    name, value = pairs[at]
    new = (name, odd_values.sent(random, value))
    return (*pairs, new) if random.random() < 0.15 else (*pairs[:at], new, *pairs[at + 1 :])
