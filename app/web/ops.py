"""For those who run it: /healthz (alive), /readyz (database, store, shared state, queue), /metrics."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from flask import Response, jsonify, make_response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from app.web.context import services
from app.web.guards import guarded_blueprint, public

log = structlog.get_logger(__name__)
blueprint = guarded_blueprint("ops", __name__, public)


@blueprint.get("/healthz")
def healthz() -> Response:
    return make_response("ok\n", {"Content-Type": "text/plain"})


@blueprint.get("/readyz")
def readyz() -> Response:
    states = {name: _state(name, probe) for name, probe in services().probes().items()}
    return make_response(jsonify(states), 200 if all(state == "ok" for state in states.values()) else 503)


@blueprint.get("/metrics")
def metrics() -> Response:
    return make_response(generate_latest(), {"Content-Type": CONTENT_TYPE_LATEST})


def _state(name: str, probe: Callable[[], None]) -> str:
    try:
        probe()
    except Exception as error:
        log.warning("not ready", part=name, exc_info=error)
        return "failed"
    return "ok"
