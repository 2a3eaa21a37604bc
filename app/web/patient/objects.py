"""The addresses of an exam's manifest and of what is no picture: a page or a file of each object.

They belong to `images`, so guests have them too. What they say is in app/web/exam/objects.
"""

from __future__ import annotations

from flask import Response, jsonify, make_response, render_template

from app.errors import NotFound
from app.web.context import services
from app.web.exam.objects import layer_values, may_open, shown_manifest
from app.web.exam.places import RENDERS, place
from app.web.exam.visit import base, current_access, record_look
from app.web.patient.images import blueprint

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
    if not may_open(found, access.parts):
        raise NotFound
    if found.labels:
        record_look()
        return make_response(
            render_template("patient/layer.html", base=base(), title=found.description, **layer_values(found))
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
