"""One line a request: method, route, status, milliseconds, bytes. Never a path, a query or an address.

The route is the rule (`/q/<code>`), not what was asked for: paths hold codes. The servers in front log it instead:
gunicorn finds it in the environment, a proxy in a response header, which it keeps to itself (deploy/).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import structlog
from flask import Flask, Response, request

from app.logs_lines import METHODS, NO_ROUTE
from app.web.context import services

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = structlog.get_logger(__name__)

ROUTE_HEADER, ROUTE_KEY = "X-CloudFilm-Route", "cloudfilm.route"
OF_MONITORING = frozenset({"/healthz", "/readyz", "/metrics"})


def install(app: Flask) -> None:
    app.after_request(_name_route)
    app.wsgi_app = RequestLog(app.wsgi_app)  # type: ignore[method-assign]


def route() -> str:
    """The rule that the current request matched."""
    return request.url_rule.rule if request.url_rule else NO_ROUTE


def _name_route(response: Response) -> Response:
    named = f"{_method(request.method)} {route()}"
    request.environ[ROUTE_KEY] = named
    if services().settings.trusted_proxies:
        response.headers[ROUTE_HEADER] = named
    return response


def _method(sent: str) -> str:
    return sent if sent in METHODS else "other"


class RequestLog:
    """Outside of Flask, because only here an answer's end is seen, also of one that is built while it is sent."""

    def __init__(self, wrapped: WSGIApplication) -> None:
        self._wrapped = wrapped

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        answer = _Answer(environ, start_response)
        try:
            answer.chunks = self._wrapped(environ, answer.start)
        except BaseException:
            answer.ended()
            raise
        return answer


class _Answer:
    """One answer on its way to the server: passed through and counted. Until it has begun it is a failure."""

    def __init__(self, environ: WSGIEnvironment, start_response: StartResponse) -> None:
        self.chunks: Iterable[bytes] = ()
        self._environ = environ
        self._start_response = start_response
        self._status = 500
        self._bytes = 0
        self._started = time.perf_counter()

    def start(self, status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
        self._status = int(status[:3])
        return self._start_response(status, headers, *exc_info)

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self.chunks:
            self._bytes += len(chunk)
            yield chunk

    def close(self) -> None:
        """The server calls it when the answer is sent or broken off."""
        try:
            if close := getattr(self.chunks, "close", None):
                close()
        finally:
            self.ended()

    def ended(self) -> None:
        method, _, rule = self._environ.get(ROUTE_KEY, f"other {NO_ROUTE}").partition(" ")
        write = log.debug if rule in OF_MONITORING else log.info
        write(
            "request", method=method, route=rule, status=self._status,
            ms=round((time.perf_counter() - self._started) * 1000, 1), bytes=self._bytes,
        )  # fmt: skip
