"""The door of the RIS, /api/v1: exams, reports, QR codes, report sheets, quarantine.

The rules for input are in app/services/exams/input.py.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from flask import Response, jsonify, make_response, request
from werkzeug.exceptions import UnsupportedMediaType

from app.errors import InvalidInput
from app.security.permissions import Scope
from app.services import in_english
from app.services.exams.input import accession_number
from app.services.paper.stamping import MOST_BYTES
from app.web.body_limits import limit_body
from app.web.context import services
from app.web.guards import guarded, guarded_blueprint, public
from app.web.machine.auth import caller, requires_scope
from app.web.machine.ris.bodies import exam_input, report_input
from app.web.machine.ris.openapi import DOCUMENT
from app.web.machine.ris.places import wanted_place

blueprint = guarded_blueprint("ris", __name__, requires_scope(Scope.RIS), url_prefix="/api/v1")
MAX_BODY_BYTES = 256 * 1024


@blueprint.put("/exams/<accession>")
def put_exam(accession: str) -> Response:
    """The answer has `warnings` when the exam was taken without a field that cannot be used."""
    order = exam_input(_body(), services().settings.phone_regions)
    created = services().exams.registration.register(accession_number(accession), order, _actor())
    return _done(created, order.warnings)


@blueprint.put("/exams/<accession>/report")
def put_report(accession: str) -> Response:
    created = services().exams.reports.add(accession_number(accession), report_input(_body()), _actor())
    return _done(created)


@blueprint.get("/exams/<accession>/qr.svg")
def qr_svg(accession: str) -> Response:
    return Response(services().paper.paper.qr_svg(accession, _actor()), mimetype="image/svg+xml")


@blueprint.get("/exams/<accession>/qr.png")
def qr_png(accession: str) -> Response:
    return Response(services().paper.paper.qr_png(accession, _actor()), mimetype="image/png")


@blueprint.get("/exams/<accession>/report-sheet.pdf")
def report_sheet(accession: str) -> Response:
    return Response(services().paper.paper.sheet(accession, _actor()), mimetype="application/pdf")


@blueprint.post("/exams/<accession>/report-sheet")
def stamp(accession: str) -> Response:
    """The RIS's own PDF comes back with the QR on it: at `x_mm` and `y_mm` of `page`, or where the page is free."""
    limit_body(MOST_BYTES)
    if request.mimetype != "application/pdf":
        raise UnsupportedMediaType
    pdf = services().paper.paper.stamped(accession, request.get_data(), wanted_place(), _actor())
    return Response(pdf, mimetype="application/pdf")


@blueprint.get("/quarantine")
@guarded(requires_scope(Scope.READ))
def quarantine() -> Response:
    return jsonify(
        [
            {
                "received_at": item.received_at.isoformat(),
                "door": item.door,
                "reason": in_english.refusal(item.reason, item.note),
                "sop_instance_uid": item.sop_instance_uid,
                "sha256": item.sha256.hex(),
            }
            for item in services().ingest.quarantine.newest(_actor())
        ]
    )


@blueprint.get("/openapi.json")
@guarded(public)
def openapi() -> Response:
    return jsonify(DOCUMENT)


def _body() -> Any:
    """The JSON of the request. An object with the same name twice is refused, because it is unclear which one was
    meant."""
    limit_body(MAX_BODY_BYTES)
    if not request.is_json:
        raise UnsupportedMediaType
    try:
        return json.loads(request.get_data(), object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise InvalidInput("body", "is not JSON, or names a field twice") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name twice")
    return found


def _actor() -> str:
    return f"machine:{caller().name}"


def _done(created: bool, warnings: Sequence[str] = ()) -> Response:
    told = {"warnings": list(warnings)} if warnings else {}
    return make_response(jsonify({"created": created, **told}), 201 if created else 200)
