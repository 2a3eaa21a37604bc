"""Lets pages of other origins read DICOMweb from a browser (Fetch standard 3.2, CORS): those of the setting, no others.

A viewer of the hospital on another host is such a page. It needs its token all the same: no cookie opens this door, so
credentials of a browser are never asked for. The question before a request (preflight) bears no token, tells nothing
of the archive, and is answered before the guards.
"""

from __future__ import annotations

from flask import Flask, Response, request

from app.web.context import services

_PATH = "/dicomweb/"
_METHODS, _MAX_AGE_S = "GET, HEAD, POST, OPTIONS", "600"
_SENT = "Accept, Authorization, Content-Type, If-None-Match, Range"
_READ = "Content-Length, Content-Location, Content-Range, Content-Type, ETag, Retry-After, Warning"


def install(app: Flask) -> None:
    app.before_request(_preflight)
    app.after_request(_named)


def _preflight() -> Response | None:
    """The answer to a browser that asks whether a page may send a request; None for every other request."""
    if request.method != "OPTIONS" or "Access-Control-Request-Method" not in request.headers or not _is_let_in():
        return None
    response = Response(status=204)
    response.headers["Access-Control-Allow-Methods"] = _METHODS
    response.headers["Access-Control-Allow-Headers"] = _SENT
    response.headers["Access-Control-Max-Age"] = _MAX_AGE_S
    return response


def _named(response: Response) -> Response:
    if not request.path.startswith(_PATH) or not services().settings.dicomweb_origins:
        return response
    response.vary.add("Origin")
    if _is_let_in():
        response.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
        response.headers["Access-Control-Expose-Headers"] = _READ
    return response


def _is_let_in() -> bool:
    origin = request.headers.get("Origin")
    return request.path.startswith(_PATH) and origin in services().settings.dicomweb_origins
