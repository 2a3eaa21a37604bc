"""One line a request: method, route, status, milliseconds, bytes. Never a path, a query or an address. The form of log
lines is in app/logs.

The route is the rule (`/q/<code>`) and not the path, because paths hold codes. The servers in front log the route too:
gunicorn reads it from the environment, a proxy from a response header that it does not pass on (deploy/).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import structlog
from flask import Flask, request

from app.logs.lines import METHODS, NO_ROUTE

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from flask import Request

log = structlog.get_logger(__name__)

ROUTE_HEADER, ROUTE_KEY = "X-CloudFilm-Route", "cloudfilm.route"
OF_MONITORING = frozenset({"/healthz", "/readyz", "/metrics"})


def install(app: Flask) -> None:
    tell_proxy = app.extensions["cloudfilm"].settings.trusted_proxies > 0
    app.wsgi_app = RequestLog(app.wsgi_app, tell_proxy=tell_proxy)  # type: ignore[method-assign]


def route() -> str:
    """The rule that the current request matched."""
    return _rule(request)


def _rule(asked: Request | None) -> str:
    return asked.url_rule.rule if asked and asked.url_rule else NO_ROUTE


class RequestLog:
    """The layer that writes the line. It is outside of Flask, because only there it sees when an answer has been
    sent."""

    def __init__(self, wrapped: WSGIApplication, *, tell_proxy: bool = False) -> None:
        self._wrapped = wrapped
        self._tell_proxy = tell_proxy

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        answer = _Answer(environ, start_response, self._tell_proxy)
        try:
            answer.chunks = self._wrapped(environ, answer.start)
        except BaseException:
            answer.ended()
            raise
        return answer


class _Answer:
    """One answer on its way to the server: passed on and counted. An answer that never begins counts as a failure."""

    def __init__(self, environ: WSGIEnvironment, start_response: StartResponse, tell_proxy: bool) -> None:
        self.chunks: Iterable[bytes] = ()
        self._environ = environ
        self._start_response = start_response
        self._tell_proxy = tell_proxy
        self._method, self._rule = "other", NO_ROUTE
        self._status = 500
        self._bytes = 0
        self._started = time.perf_counter()

    def start(self, status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
        self._status = int(status[:3])
        self._name_route()
        if self._tell_proxy:
            headers.append((ROUTE_HEADER, self._environ[ROUTE_KEY]))
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
        write = log.debug if self._rule in OF_MONITORING else log.info
        write(
            "request",
            method=self._method,
            route=self._rule,
            status=self._status,
            ms=round((time.perf_counter() - self._started) * 1000, 1),
            bytes=self._bytes,
        )

    def _name_route(self) -> None:
        sent = self._environ["REQUEST_METHOD"]
        self._method = sent if sent in METHODS else "other"
        self._rule = _rule(self._environ.get("werkzeug.request"))
        self._environ[ROUTE_KEY] = f"{self._method} {self._rule}"
