"""Whose word on the client's address counts: the last `trusted_proxies` entries of X-Forwarded-For, nobody else's.

Each trusted proxy appends what it saw, so what a client wrote itself stands further left and is not read. With no
trusted proxy the header is ignored. Scheme and host are never asked for: they are those of CLOUDFILM_BASE_URL.
gunicorn must be reachable through the proxies only; the shipped configuration binds it to the loopback.
"""

from __future__ import annotations

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix


def install(app: Flask) -> None:
    count = app.extensions["cloudfilm"].settings.trusted_proxies
    if count:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=0)  # type: ignore[method-assign]
