"""`POST /reading` changes how this browser reads: elder mode (长辈版) and the size of letters.

Everybody may choose, at every door, before anything is opened. The choice lies in a cookie, so that pages come right
without script; of a bound person services/binding keeps it too, for the next phone.
"""

from __future__ import annotations

import hmac
import re
import uuid
from dataclasses import replace
from urllib.parse import urlsplit

from flask import Flask, Response, g, make_response, redirect, request

from app.web import body_limits, cookies
from app.web.context import services
from app.web.exam import visit
from app.web.guards import guarded_blueprint, public
from app.web.patient import session as patient_session
from app.web.patient.reading_choice import Reading, changed

blueprint = guarded_blueprint("patient_reading", __name__, public)
blueprint.before_request(body_limits.limit_form)

_OWN_PATH = re.compile(r"/(?![/\\])[^\s\\]{0,200}\Z")
"""A path that a browser cannot take for another host's address."""


def install(app: Flask) -> None:
    app.jinja_env.globals["reading"] = _current
    app.register_blueprint(blueprint)


@blueprint.post("/reading")
def choose() -> Response:
    """Without script this leads back to the page of the key, as the browser names it."""
    chosen = changed(Reading.of(cookies.READING.read()), request.form)
    if (session_id := _session_of(request.form.get("csrf_token", ""))) is not None:
        services().binding.reading.keep([session_id], chosen.stored)
    response = make_response(redirect(_way_back(), 303))
    cookies.READING.set(response, chosen.stored)
    return response


def _session_of(csrf_token: str) -> uuid.UUID | None:
    """The session whose token the form carries. Without one the choice is this browser's alone."""
    if csrf_token:
        for access in patient_session.live_sessions():
            if hmac.compare_digest(csrf_token.encode(), visit.csrf_of(access).encode()):
                return access.session_id
    return None


def _way_back() -> str:
    """The path of the page that was left, on this host only; the first page when the browser does not say."""
    try:
        parts = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return "/"
    return parts.path if parts.netloc == request.host and _OWN_PATH.match(parts.path) else "/"


def _current() -> Reading:
    """For templates."""
    reading = Reading.of(cookies.READING.read())
    access = g.get("patient_access")
    if access is not None and access.account_id is not None:
        return replace(reading, csrf_token=visit.csrf_of(access))
    return reading
