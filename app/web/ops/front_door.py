"""Tells `flask check-config` which client address we see for its request. Without a pass of ours the answer is 404. The
check itself is in app/cli/front_door.py."""

from __future__ import annotations

from flask import Response, jsonify, request

from app.errors import NotFound
from app.security.front_door import PASS_HEADER, PATH
from app.web.context import services
from app.web.guards import guarded_blueprint
from app.web.wsgi.proxies import REASON_KEY


def door_pass() -> None:
    """Guard: the caller has a pass that a process with our keys made less than a minute ago."""
    if not services().door_pass.holds(request.headers.get(PASS_HEADER, ""), services().clock.now()):
        raise NotFound


blueprint = guarded_blueprint("front_door", __name__, door_pass)


@blueprint.get(PATH)
def seen_address() -> Response:
    return jsonify({"address": request.remote_addr or "", "unknown_because": request.environ.get(REASON_KEY, "")})
