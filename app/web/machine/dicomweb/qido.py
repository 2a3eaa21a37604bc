"""QIDO-RS (PS3.18 10.6): searches for studies, series and instances. Searching is in app/services/dicomweb."""

from __future__ import annotations

import re

from flask import Response, abort, jsonify, request

from app.errors import InvalidInput
from app.security.permissions import Scope
from app.services.dicomweb.matching_keys import Level, keyword_of
from app.services.dicomweb.query import MAX_RESULTS, Row, Search
from app.web.context import services
from app.web.guards import guarded_blueprint
from app.web.machine.auth import caller, requires_scope
from app.web.machine.dicomweb.addresses import checked_uid, retrieve_url
from app.web.machine.dicomweb.dicom_json import to_dicom_json
from app.web.machine.dicomweb.media_types import accepted, best
from app.web.sent_text import is_usable

blueprint = guarded_blueprint("qido", __name__, requires_scope(Scope.READ), url_prefix="/dicomweb")

ANSWERS = ("application/dicom+json", "application/json")
CONTROLS = frozenset({"limit", "offset", "includefield", "fuzzymatching", "accept"})
MORE = '299 cloudfilm "There are {} additional results that can be requested."'
LITERAL = '299 cloudfilm "The fuzzymatching parameter is not supported. Only literal matching has been performed."'


@blueprint.get("/studies")
def studies() -> Response:
    return _search(Level.STUDY)


@blueprint.get("/series")
@blueprint.get("/studies/<study_uid>/series")
def series(study_uid: str | None = None) -> Response:
    return _search(Level.SERIES, study_uid)


@blueprint.get("/instances")
@blueprint.get("/studies/<study_uid>/instances")
@blueprint.get("/studies/<study_uid>/series/<series_uid>/instances")
def instances(study_uid: str | None = None, series_uid: str | None = None) -> Response:
    return _search(Level.INSTANCE, study_uid, series_uid)


def _search(level: Level, study_uid: str | None = None, series_uid: str | None = None) -> Response:
    """200 with the rows, 204 when there are none (PS3.18 10.6.3)."""
    answer_type = best(accepted(request.headers.get("Accept"), request.args.get("accept")), ANSWERS)
    if answer_type is None:
        abort(406)
    _check_include_fields()
    found = services().dicomweb.query.search(
        Search(
            level=level,
            keys=_keys(),
            study_uid=None if study_uid is None else checked_uid(study_uid),
            series_uid=None if series_uid is None else checked_uid(series_uid),
            limit=_count("limit", MAX_RESULTS, least=1),
            offset=_count("offset", 0, least=0),
        ),
        f"machine:{caller().name}",
    )
    response = jsonify([_with_address(row) for row in found.rows]) if found.rows else Response(status=204)
    response.content_type = answer_type
    if found.remaining:
        response.headers.add("Warning", MORE.format(found.remaining))
    if request.args.get("fuzzymatching", "").lower() == "true":
        response.headers.add("Warning", LITERAL)
    return response


def _keys() -> tuple[tuple[str, str], ...]:
    given = [(keyword_of(name), value) for name, value in request.args.items(multi=True) if name not in CONTROLS]
    for keyword, value in given:
        if not is_usable(value, ""):
            raise InvalidInput(keyword, "must not hold control characters")
    if len({keyword for keyword, _ in given}) != len(given):
        raise InvalidInput("query", "names a key twice")
    return tuple(given)


def _check_include_fields() -> None:
    """We always return every attribute that we keep, so only names that do not exist are an error."""
    for value in request.args.getlist("includefield"):
        for name in value.split(","):
            if name != "all":
                keyword_of(name)


def _count(name: str, default: int, least: int) -> int:
    text = request.args.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,18}", text) or int(text) < least:
        raise InvalidInput(name, f"must be a whole number from {least} on")
    return int(text)


def _with_address(row: Row) -> dict[str, object]:
    uids = (row["StudyInstanceUID"], row.get("SeriesInstanceUID"), row.get("SOPInstanceUID"))
    return to_dicom_json({**row, "RetrieveURL": retrieve_url(*uids)})
