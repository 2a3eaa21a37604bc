"""One line a request: method, route, status, milliseconds, bytes. Never a path, a query or an address.

The route is the rule (`/q/<code>`), not what was asked for: paths hold codes. It also travels in a response header, so
that the servers in front can log it instead of the path (deploy/gunicorn.conf.py, deploy/nginx.conf).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import structlog
from flask import Flask, Response, request
from werkzeug.wsgi import ClosingIterator

from app.logs_lines import METHODS, NO_ROUTE

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = structlog.get_logger(__name__)

ROUTE_HEADER = "X-CloudFilm-Route"
OF_MONITORING = frozenset({"/healthz", "/readyz", "/metrics"})


def install(app: Flask) -> None:
    app.after_request(_name_route)
    app.wsgi_app = RequestLog(app.wsgi_app)  # type: ignore[method-assign]


def route() -> str:
    """The rule that the current request matched."""
    return request.url_rule.rule if request.url_rule else NO_ROUTE


def _name_route(response: Response) -> Response:
    response.headers[ROUTE_HEADER] = f"{_method(request.method)} {route()}"
    return response


def _method(sent: str) -> str:
    return sent if sent in METHODS else "other"


class RequestLog:
    """Outside of Flask, because only here an answer's end is seen, also of one that is built while it is sent."""

    def __init__(self, wrapped: WSGIApplication) -> None:
        self._wrapped = wrapped

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        answer = _Answer(_method(environ["REQUEST_METHOD"]))

        def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
            answer.begun(status, headers)
            return start_response(status, headers, *exc_info)

        try:
            chunks = self._wrapped(environ, start)
        except BaseException:
            answer.ended()
            raise
        closing = [closer] if (closer := getattr(chunks, "close", None)) else []
        return ClosingIterator(answer.counted(chunks), [*closing, answer.ended])


class _Answer:
    """What is known of one answer. Until it has begun it is a failure."""

    def __init__(self, method: str) -> None:
        self._method = method
        self._route = NO_ROUTE
        self._status = 500
        self._bytes = 0
        self._started = time.perf_counter()

    def begun(self, status: str, headers: list[tuple[str, str]]) -> None:
        self._status = int(status[:3])
        named = next((value for name, value in headers if name == ROUTE_HEADER), "")
        self._route = named.partition(" ")[2] or NO_ROUTE

    def counted(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self._bytes += len(chunk)
            yield chunk

    def ended(self) -> None:
        write = log.debug if self._route in OF_MONITORING else log.info
        write(
            "request", method=self._method, route=self._route, status=self._status,
            ms=round((time.perf_counter() - self._started) * 1000, 1), bytes=self._bytes,
        )  # fmt: skip
