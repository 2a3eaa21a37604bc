"""Whose word on the client's address counts: the entry of X-Forwarded-For that `trusted_proxies` counts, nobody else's.

With trusted proxies, REMOTE_ADDR becomes that entry or UNKNOWN, and never stays the proxy's own address: who is taken
for the proxy is taken for a neighbour. The header counts only on a connection from a proxy's address; a unix
socket has none, so gunicorn listens on an address. With no trusted proxy the header is ignored. How an entry is read is
`security.addresses`' business. Scheme and host are never asked for: they are those of CLOUDFILM_BASE_URL.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask

from app.security.addresses import Group, UnknownAddress, forwarded_address

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

UNKNOWN = ""
"""In REMOTE_ADDR: no address, so that no network holds it and all who are unknown are counted as one."""
REASON_KEY = "cloudfilm.unknown_because"


def install(app: Flask) -> None:
    settings = app.extensions["cloudfilm"].settings
    if settings.trusted_proxies:
        proxies = Group(settings.proxy_addresses)
        app.wsgi_app = ClientAddress(app.wsgi_app, settings.trusted_proxies, proxies)  # type: ignore[method-assign]


class ClientAddress:
    """Puts who asked in place of who connected, for the application it wraps."""

    def __init__(self, wrapped: WSGIApplication, count: int, proxies: Group) -> None:
        self._wrapped = wrapped
        self._count = count
        self._proxies = proxies

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            environ["REMOTE_ADDR"] = self._client(environ)
        except UnknownAddress as unknown:
            environ["REMOTE_ADDR"], environ[REASON_KEY] = UNKNOWN, str(unknown)
        return self._wrapped(environ, start_response)

    def _client(self, environ: WSGIEnvironment) -> str:
        if not self._proxies.holds(environ.get("REMOTE_ADDR", "")):
            raise UnknownAddress("the connection came from outside of CLOUDFILM_PROXY_ADDRESSES")
        return str(forwarded_address(environ.get("HTTP_X_FORWARDED_FOR"), self._count))
