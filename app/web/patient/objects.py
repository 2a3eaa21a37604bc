"""The manifest of an exam for its session, and what is no picture: a page or a file of each object.

The addresses belong to `images`, so guests have them too. How objects are read is in app/services/pictures.
"""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, make_response, render_template

from app.errors import NotFound
from app.services.patient_access.sessions import Parts
from app.services.pictures.object_words import described
from app.services.pictures.objects import ListedObject, ShownAs, reasons_of
from app.web.context import services
from app.web.patient.images import blueprint
from app.web.patient.places import RENDERS, place
from app.web.patient.session import base, current_access, record_look

SANDBOX = "sandbox; default-src 'none'"
"""A second policy beside that of every answer (`wsgi/headers`); a browser keeps both."""
PDF = "application/pdf"


@blueprint.get("/exams/<exam_id>/manifest.json")
def manifest(exam_id: str) -> Response:
    told = shown_manifest()
    if told["series"]:
        record_look()
    return jsonify(told)


@blueprint.get("/exams/<exam_id>/objects/<int:o>")
def document(exam_id: str, o: int) -> Response:
    """A structured report or an ECG as a page, an encapsulated PDF as a file to keep: no browser shows it beside our
    pages."""
    access, objects = current_access(), services().pictures.objects
    found = objects.one(access.exam_id, access.exam_revision, o)
    if not _may_open(found, access.parts):
        raise NotFound
    if found.labels:
        record_look()
        return make_response(
            render_template("patient/layer.html", base=base(), title=found.description, **_layer_values(found))
        )
    if found.pages:
        record_look()
        return make_response(
            render_template("patient/ecg.html", base=base(), title=found.description, o=o, pages=found.pages)
        )
    with place(RENDERS):
        said = objects.read(found)
    record_look()
    if not isinstance(said, bytes):
        return make_response(
            render_template("patient/structured_report.html", base=base(), title=found.description, report=said)
        )
    response = Response(said, mimetype=PDF)
    response.headers["Content-Disposition"] = f'attachment; filename="document-{o}.pdf"'
    response.headers["Content-Security-Policy"] = SANDBOX
    return response


@blueprint.get("/exams/<exam_id>/objects/<int:o>/pages/<int:page>.png")
def ecg_page(exam_id: str, o: int, page: int) -> Response:
    """Ten seconds of an ECG."""
    access, objects = current_access(), services().pictures.objects
    found = objects.one(access.exam_id, access.exam_revision, o)
    with place(RENDERS):
        picture = objects.ecg_page(found, page)
    record_look()
    return Response(picture, mimetype="image/png")


@blueprint.get("/exams/<exam_id>/objects/<int:o>/series/<int:n>/frames/<int:k>.png")
def layer(exam_id: str, o: int, n: int, k: int) -> Response:
    """What a segmentation or a structure set has over frame k of series n: transparent, of the frame's shape."""
    access, pictures = current_access(), services().pictures
    found = pictures.objects.one(access.exam_id, access.exam_revision, o)
    shown = pictures.serving.shown(access.exam_id, access.exam_revision)
    if not 1 <= n <= len(shown) or k not in found.frames_over(shown[n - 1].row):
        raise NotFound
    with place(RENDERS):
        picture = pictures.layers.picture(found.instance, found.data_key, shown[n - 1], k)
    if not picture:
        return Response(status=422)
    record_look()
    return Response(picture, mimetype="image/png")


def shown_manifest() -> dict[str, Any]:
    """The manifest, with the whole addresses of what this session may open."""
    access = current_access()
    told = services().pictures.serving.manifest(access.exam_id, access.exam_revision)
    return told | {"objects": listed_objects()}


def listed_objects() -> list[dict[str, Any]]:
    """Each object as {kind, modality, description, href, reason, layer}; `href` is None for what has no page, or none
    for this session; `layer` is not in the contract of docs/design.md: the viewer lays it over its frames."""
    access = current_access()
    listed = services().pictures.objects.listed(access.exam_id, access.exam_revision)
    return [
        {
            "kind": found.shown_as,
            "modality": found.row.modality,
            "description": found.description,
            "href": f"{base()}/objects/{found.o}" if found.has_page and _may_open(found, access.parts) else None,
            "reason": found.reason,
            "layer": _layer_values(found) if found.labels and access.parts.pictures else None,
        }
        for found in listed
    ]


def marks_set_aside() -> list[dict[str, Any]]:
    """Key object lists and presentation states that are not shown, or not wholly: for the list of the exam's page, each
    as in `listed_objects`. The manifest tells them apart from the objects."""
    access = current_access()
    beside = services().pictures.objects.of_exam(access.exam_id, access.exam_revision)
    return [
        {
            "kind": ShownAs.OTHER,
            "modality": row.modality,
            "description": described(row.kind, "", row.description),
            "href": None,
            "reason": "，".join(reasons),
            "layer": None,
        }
        for row in (*beside.key_objects, *beside.presentations)
        if (reasons := reasons_of(row))
    ]


def _layer_values(found: ListedObject) -> dict[str, Any]:
    """`{labels: [{label, colour}], frames: {n: [k]}, address}`; a program puts n and k into `{n}` and `{k}`."""
    access = current_access()
    shown = services().pictures.serving.shown(access.exam_id, access.exam_revision)
    over = {str(n): found.frames_over(series.row) for n, series in enumerate(shown, 1)}
    return {
        "labels": found.labels,
        "frames": {n: frames for n, frames in over.items() if frames},
        "address": f"{base()}/objects/{found.o}/series/{{n}}/frames/{{k}}.png",
    }


def _may_open(found: ListedObject, parts: Parts) -> bool:
    """Documents are given with the report, and not where no name may be seen: they say whom they are of."""
    return parts.report and not parts.anonymous if found.names_patient else parts.pictures
