"""Whose word on the client's address counts: the last `trusted_proxies` entries of X-Forwarded-*, nobody else's.

Each trusted proxy appends what it saw, so what a client wrote itself stands further left and is not read. With no
trusted proxy the headers are ignored. gunicorn must then be reachable through the proxies only; the shipped
configuration binds it to the loopback.
"""

from __future__ import annotations

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix


def install(app: Flask) -> None:
    count = app.extensions["cloudfilm"].settings.trusted_proxies
    if count:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count)  # type: ignore[method-assign]
