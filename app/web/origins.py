"""Stops pages of other sites that make a visitor's browser act here: open or end a session, ask for a code.

Browsers say where a POST comes from (Origin, Fetch standard 3.2; Sec-Fetch-Site, W3C Fetch Metadata), and it must come
from us. `Origin: null` is refused: it comes from a page in a sandbox, a local file, or a site that hides. With
Referrer-Policy `no-referrer` our own pages would send it too, so our policy is `same-origin`. A request without both
headers comes from an old browser or from no browser. It is let through, because its form still needs a factor or a
session's token. Machines and carriers are not checked here: they send no cookies of ours and have their own keys.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, request

from app.errors import Forbidden
from app.web.context import services
from app.web.error_pages import MACHINE_PATHS

LOOKING = frozenset({"GET", "HEAD", "OPTIONS"})
OUR_SITES = frozenset({"same-origin", "none"})
"""Values of Sec-Fetch-Site: a page of ours, or the visitor in person (a typed or bookmarked address)."""
_PORTS = {"http": 80, "https": 443}


def install(app: Flask) -> None:
    app.before_request(_check)


def _check() -> None:
    """Raises Forbidden for a request that may change something and comes from another site."""
    if request.method in LOOKING or request.path.startswith(MACHINE_PATHS):
        return
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    if (origin is not None and _origin(origin) not in _ours()) or (site is not None and site not in OUR_SITES):
        raise Forbidden


def _ours() -> set[tuple[str, str, int]]:
    """Our origin is that of CLOUDFILM_BASE_URL. The demo is also visited under other names of its machine."""
    settings = services().settings
    names = [settings.base_url, *([request.host_url] if settings.is_demo else [])]
    return {found for found in map(_origin, names) if found is not None}


def _origin(url: str) -> tuple[str, str, int] | None:
    """Scheme, host and port (RFC 6454 4); None when they are missing, as in `null`."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        return None
    return (parts.scheme, parts.hostname, port) if parts.hostname else None
