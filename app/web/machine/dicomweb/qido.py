"""QIDO-RS (PS3.18 10.6): searches for studies, series and instances. Searching is in app/services/dicomweb."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import repeat

from flask import Response, abort, jsonify, request

from app.dicom.native_xml import to_xml
from app.errors import InvalidInput
from app.security.permissions import Scope
from app.services.dicomweb.late_keys import MOST_ROWS
from app.services.dicomweb.matching_keys import Level, path_of
from app.services.dicomweb.query import MAX_RESULTS, MOST_COUNTED, Found, Row, Search
from app.web.context import services
from app.web.guards import guarded_blueprint
from app.web.machine.auth import caller, requires_scope
from app.web.machine.dicomweb.addresses import checked_uid, retrieve_url
from app.web.machine.dicomweb.compression import gzipped
from app.web.machine.dicomweb.dicom_json import REQUIRED, to_dicom_json
from app.web.machine.dicomweb.dicom_xml import XML, xml_answer
from app.web.machine.dicomweb.media_types import best
from app.web.machine.dicomweb.resources import wanted
from app.web.sent_text import is_usable

blueprint = guarded_blueprint("qido", __name__, requires_scope(Scope.READ), url_prefix="/dicomweb")

blueprint.after_request(gzipped)

ANSWERS = ("application/dicom+json", "application/json", XML)
CONTROLS = frozenset({"limit", "offset", "includefield", "fuzzymatching", "emptyvaluematching", "accept"})
MOST_FIELDS = 200
MORE = '299 cloudfilm "There are {} additional results that can be requested."'
LITERAL = '299 cloudfilm "The fuzzymatching parameter is not supported. Only literal matching has been performed."'
IGNORED = '299 cloudfilm "These parameters are not supported here and have been ignored: {}."'
ONLY_WHOLE = (
    '299 cloudfilm "Too many studies are left for wildcards in {}: only whole values, and whole family or given names, '
    'have been matched."'
)
TOO_MANY = '299 cloudfilm "Some attributes of includefield are left out: they are read for at most {} results."'


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
    answer_type = best(wanted(), ANSWERS, in_parts=XML)
    if answer_type is None:
        abort(406)
    include, unknown = _include_fields()
    search = Search(
        level=level,
        keys=_keys(),
        include=include,
        with_empty=request.args.get("emptyvaluematching", "").lower() == "true",
        study_uid=None if study_uid is None else checked_uid(study_uid),
        series_uid=None if series_uid is None else checked_uid(series_uid),
        limit=_count("limit", MAX_RESULTS),
        offset=_count("offset", 0),
    )
    found = services().dicomweb.query.search(search, f"machine:{caller().name}")
    response = _answer(found, level, answer_type)
    for warning in _warnings(found, unknown, is_narrow=not include or bool(found.of_objects) or not found.rows):
        response.headers.add("Warning", warning)
    return response


def _answer(found: Found, level: Level, answer_type: str) -> Response:
    models = [
        to_dicom_json(row | {"RetrieveURL": _address(row)}, REQUIRED[level]) | more
        for row, more in zip(found.rows, found.of_objects or repeat({}), strict=False)
    ]
    if not models:
        return Response(status=204, content_type=answer_type)
    if answer_type == XML:
        documents = ((str(_address(row)), to_xml(model)) for row, model in zip(found.rows, models, strict=True))
        return xml_answer(documents, is_multipart=True)
    response = jsonify(models)
    response.content_type = answer_type
    return response


def _warnings(found: Found, unknown: list[str], *, is_narrow: bool) -> Iterator[str]:
    if found.remaining:
        yield MORE.format(found.remaining if found.remaining <= MOST_COUNTED else f"more than {MOST_COUNTED}")
    if request.args.get("fuzzymatching", "").lower() == "true":
        yield LITERAL
    if found.only_whole:
        yield ONLY_WHOLE.format(", ".join(found.only_whole))
    # A name that somebody made up is not repeated in a header.
    ignored = {name if path_of(name) else "an unknown attribute" for name in (*found.ignored, *unknown)}
    if ignored:
        yield IGNORED.format(", ".join(sorted(ignored)[:20]))
    if len(found.rows) > MOST_ROWS and not is_narrow:
        yield TOO_MANY.format(MOST_ROWS)


def _keys() -> tuple[tuple[str, str], ...]:
    given = [(name, value) for name, value in request.args.items(multi=True) if name not in CONTROLS]
    for name, value in given:
        if not is_usable(value, ""):
            raise InvalidInput(".".join(path_of(name) or ("query",)), "must not hold control characters")
    named = [path for name, _ in given if (path := path_of(name))]
    if len(set(named)) != len(named):
        raise InvalidInput("query", "names a key twice")
    return tuple(given)


def _include_fields() -> tuple[tuple[tuple[str, ...], ...], list[str]]:
    """The attributes that are wanted besides, and names that do not exist. Of `all` we return what the index keeps."""
    names = [name for value in request.args.getlist("includefield") for name in value.split(",")][:MOST_FIELDS]
    paths = {name: path_of(name) for name in names if name != "all"}
    return tuple(path for path in paths.values() if path), [name for name, path in paths.items() if not path]


def _count(name: str, default: int) -> int:
    text = request.args.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise InvalidInput(name, "must be a whole number from 0 on")
    return int(text)


def _address(row: Row) -> str:
    return retrieve_url(row["StudyInstanceUID"], row.get("SeriesInstanceUID"), row.get("SOPInstanceUID"))
