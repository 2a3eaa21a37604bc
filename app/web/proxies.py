"""The reverse proxies in front: whose word counts for a caller's address. Without the setting, nobody's.

Failures are counted by address, so a header that anybody can write must never name it.
"""

from __future__ import annotations

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix


def install(app: Flask) -> None:
    hops = app.extensions["cloudfilm"].settings.trusted_proxies
    if hops:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
