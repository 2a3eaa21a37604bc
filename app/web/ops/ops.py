"""For operators: /healthz (alive), /readyz (database, store, Redis, queue), /metrics. Figures are counted in
services/operations."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask, Response, current_app, jsonify, make_response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from app.web.context import services
from app.web.guards import guarded_blueprint, public
from app.web.ops.readiness import PartState, Readiness

blueprint = guarded_blueprint("ops", __name__, public)
_READINESS = "cloudfilm.readiness"


def install(app: Flask) -> None:
    app.extensions[_READINESS] = Readiness(app.extensions["cloudfilm"].probes())
    app.register_blueprint(blueprint)


@blueprint.get("/healthz")
def healthz() -> Response:
    return make_response("ok\n", {"Content-Type": "text/plain"})


@blueprint.get("/readyz")
def readyz() -> Response:
    readiness: Readiness = current_app.extensions[_READINESS]
    states = readiness.states()
    return make_response(jsonify(states), 200 if all(state == PartState.OK for state in states.values()) else 503)


@blueprint.get("/metrics")
def metrics() -> Response:
    """What the database counts now, then the figures of this process."""
    registry = CollectorRegistry()
    registry.register(_Counted())
    text = generate_latest(registry) + generate_latest()
    return make_response(text, {"Content-Type": CONTENT_TYPE_LATEST})


class _Counted(Collector):
    def collect(self) -> Iterator[GaugeMetricFamily]:
        for figure in services().operations.figures.now():
            gauge = GaugeMetricFamily(figure.name, figure.meaning, labels=figure.labels)
            for key, value in figure.values.items():
                gauge.add_metric(key, value)
            yield gauge
