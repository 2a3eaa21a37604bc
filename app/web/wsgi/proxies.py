"""The client's address: the entry of X-Forwarded-For that `trusted_proxies` counts from the right, and no other.

With trusted proxies, REMOTE_ADDR becomes that entry or UNKNOWN. It never stays the address of the proxy: a client with
that address would count as a machine of the hospital. The header counts only on a connection from a proxy's address; a
unix socket has no address, so gunicorn listens on a TCP address. Without trusted proxies the header is ignored. Entries
are read in `security.addresses`. Scheme and host are always those of CLOUDFILM_BASE_URL.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask

from app.security.addresses import Group, UnknownAddress, forwarded_address

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

UNKNOWN = ""
"""In REMOTE_ADDR: no address. It is in no network, and all unknown clients are counted as one."""
REASON_KEY = "cloudfilm.unknown_because"


def install(app: Flask) -> None:
    settings = app.extensions["cloudfilm"].settings
    if settings.trusted_proxies:
        proxies = Group(settings.proxy_addresses)
        app.wsgi_app = ClientAddress(app.wsgi_app, settings.trusted_proxies, proxies)  # type: ignore[method-assign]


class ClientAddress:
    """Replaces the address of the connection by the address of the client, for the application that it wraps."""

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
