"""In production only the host of CLOUDFILM_BASE_URL is served: a request for any other name gets 421 and no content.

The proxy in front is not enough: a second server block, or another proxy, passes on the host that a client wrote.
Health checks ask a machine by its address, so those from the machine itself are served under any name. Ports are not
compared, because a proxy may listen on another port than patients use. Scheme and host of our links are never taken
from a request.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Flask

from app.security.addresses import Group
from app.web.wsgi.request_log import OF_MONITORING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LOOPBACK = Group(("127.0.0.0/8", "::1/128"))
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?\Z")


def install(app: Flask) -> None:
    settings = app.extensions["cloudfilm"].settings
    if not settings.is_demo:
        app.wsgi_app = OwnHost(app.wsgi_app, settings.base_url)  # type: ignore[method-assign]


class OwnHost:
    """Lets through requests for our own host. It sees the address of the connection, before `proxies` replaces it."""

    def __init__(self, wrapped: WSGIApplication, base_url: str) -> None:
        self._wrapped = wrapped
        self._host = _named(urlsplit(base_url).netloc)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if _named(environ.get("HTTP_HOST", "")) == self._host or _is_health_check(environ):
            return self._wrapped(environ, start_response)
        start_response("421 Misdirected Request", [("Content-Length", "0")])
        return []


def _named(host: str) -> str:
    """The name in a Host header, without its port; empty when the header is not valid."""
    found = _HOST.match(host.lower())
    return found[1].removesuffix(".") if found else ""


def _is_health_check(environ: WSGIEnvironment) -> bool:
    return environ.get("PATH_INFO") in OF_MONITORING and LOOPBACK.holds(environ.get("REMOTE_ADDR", ""))
