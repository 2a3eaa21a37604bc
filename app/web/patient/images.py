"""An exam's pictures for its session: frames, batches, cuts. services/pictures makes them; the manifest is in
`objects`, files to keep are in `downloads`.

All of them answer 404 while the exam is held.
"""

from __future__ import annotations

import gzip
import struct

from flask import Response, jsonify, request

from app.errors import InvalidInput, NotFound
from app.services.pictures.serving import (
    FULL_DEPTH,
    CutSpec,
    LookName,
    Plane,
    RenderSpec,
    Tile,
    TurnSpec,
)
from app.web.context import services
from app.web.exam import cut_off
from app.web.exam.asked_pictures import (
    asked_number,
    asked_oblique,
    asked_outline,
    asked_plain,
    asked_size,
    asked_slab,
    asked_window,
)
from app.web.exam.places import CUTS, RENDERS, place
from app.web.exam.visit import current_access, record_look
from app.web.guards import guarded_blueprint
from app.web.patient.session import shown_exam

blueprint = guarded_blueprint("patient_images", __name__, shown_exam)
blueprint.after_request(cut_off.watch)

MIME = {"jpg": "image/jpeg", "webp": "image/webp", "png": "image/png"}
_PLANES, _LOOKS = (frozenset(map(str, names)) for names in (Plane, LookName))


@blueprint.get("/exams/<exam_id>/series/<int:n>/frames/<int:k>.<fmt>")
def frame(exam_id: str, n: int, k: int, fmt: str) -> Response:
    """A prepared frame for the default window in a prepared size, or else one that is rendered now. `plain=1`: without
    what a presentation state draws."""
    if fmt not in MIME:
        raise NotFound
    # a phone that scrolls a stack asks for the next frame without a query: then there is nothing to parse
    size, window = (asked_size(), asked_window()) if request.query_string else (None, None)
    access, pictures = current_access(), services().pictures.serving
    plain = bool(request.query_string) and asked_plain()
    if fmt == "jpg" and window is None and size in (None, 256) and not plain:
        picture = pictures.frame(access.exam_id, access.exam_revision, n, k, preview=size == 256)
    else:
        spec = RenderSpec(fmt=fmt, longest=size, window=window)
        with place(RENDERS):
            picture = pictures.render(access.exam_id, access.exam_revision, n, k, spec, plain=plain)
    return _picture(picture, MIME[fmt])


@blueprint.get("/exams/<exam_id>/series/<int:n>/frames.batch")
def batch(exam_id: str, n: int) -> Response:
    """Up to 20 frames in one answer, every `step`th, each as uint32 big-endian length and JPEG bytes; length 0: not
    shown."""
    first, count = asked_number("from", 1, 100_000), asked_number("count", 1, 20)
    step = asked_number("step", 1, 100) if "step" in request.args else 1
    size = asked_size()
    if size not in (None, 256):
        raise InvalidInput("size", "batches come in size 256 or without")
    access = current_access()
    frames = services().pictures.serving.batch(
        access.exam_id, access.exam_revision, n, first, count, preview=size == 256, step=step
    )
    if any(frames):
        record_look()
    body = b"".join(struct.pack(">I", len(piece)) + piece for piece in frames)
    return Response(body, mimetype="application/octet-stream")


@blueprint.get("/exams/<exam_id>/series/<int:n>/frames/<int:k>/tiles/<int:level>/<int:x>/<int:y>.<fmt>")
def tile(exam_id: str, n: int, k: int, level: int, x: int, y: int, fmt: str) -> Response:
    """A part of a frame that is too large for one picture; level 0 has the sensor's own pixels."""
    if fmt not in MIME:
        raise NotFound
    spec = RenderSpec(fmt=fmt, window=asked_window(), tile=Tile(level, x, y))
    access = current_access()
    with place(RENDERS):
        picture = services().pictures.serving.render(access.exam_id, access.exam_revision, n, k, spec)
    return _picture(picture, MIME[fmt])


@blueprint.get("/exams/<exam_id>/series/<int:n>/places.json")
def series_places(exam_id: str, n: int) -> Response:
    """Where the pictures of a series lie in the patient, and how large they are there."""
    access = current_access()
    return jsonify(services().pictures.measuring.places(access.exam_id, access.exam_revision, n))


@blueprint.get("/exams/<exam_id>/series/<int:n>/frames/<int:k>/region.json")
def region(exam_id: str, n: int, k: int) -> Response:
    """Mean and spread of the values inside an ellipse or a rectangle, whose sides are shares of the picture's."""
    outline, access = asked_outline(), current_access()
    with place(RENDERS):
        told = services().pictures.measuring.region(access.exam_id, access.exam_revision, n, k, outline)
    if told is None:
        return Response(status=422)
    record_look()
    return jsonify(told)


@blueprint.get("/exams/<exam_id>/series/<int:n>/frames/<int:k>/values.bin")
def values(exam_id: str, n: int, k: int) -> Response:
    """The values of a frame without loss, so that a page draws windows itself; in gzip, as
    app/imaging/display/full_depth says. 422 where a window over them is not the picture."""
    access = current_access()
    with place(RENDERS):
        told = services().pictures.serving.render(
            access.exam_id, access.exam_revision, n, k, RenderSpec(fmt=FULL_DEPTH)
        )
    if not told:
        return Response(status=422)
    record_look()
    response = Response(told, mimetype="application/octet-stream")
    if request.accept_encodings.quality("gzip"):
        response.headers["Content-Encoding"] = "gzip"
    else:
        response.set_data(gzip.decompress(told))
    response.vary.add("Accept-Encoding")
    return response


@blueprint.get("/exams/<exam_id>/series/<int:n>/mpr/<plane>/<int:k>.<fmt>")
def mpr(exam_id: str, n: int, k: int, plane: str, fmt: str) -> Response:
    """A cut along an axis of the patient's own: a thin one, or a slab with its mean, greatest or least values."""
    if fmt not in MIME or plane not in _PLANES:
        raise NotFound
    return _cut(n, CutSpec(Plane(plane), k, asked_slab(), fmt, asked_window(), asked_size()), MIME[fmt])


@blueprint.get("/exams/<exam_id>/series/<int:n>/mpr/<plane>/oblique.<fmt>")
def oblique(exam_id: str, n: int, plane: str, fmt: str) -> Response:
    """A cut that is turned away from the patient's axes, `mm` from the middle of the volume along its turned way."""
    if fmt not in MIME or plane not in _PLANES:
        raise NotFound
    return _cut(n, CutSpec(Plane(plane), asked_oblique(), asked_slab(), fmt, asked_window(), asked_size()), MIME[fmt])


def _cut(n: int, spec: CutSpec, mimetype: str) -> Response:
    access, pictures = current_access(), services().pictures.serving
    with place(_of_volume(n)):
        picture = pictures.cut(access.exam_id, access.exam_revision, n, spec)
    return _picture(picture, mimetype)


@blueprint.get("/exams/<exam_id>/series/<int:n>/turntable/<int:k>.<fmt>")
def turntable(exam_id: str, n: int, k: int, fmt: str) -> Response:
    """The body of a CT from around, picture by picture of a whole turn; `preset` says which tissue is seen."""
    preset = request.args.get("preset", LookName.BONE.value)
    if fmt not in MIME:
        raise NotFound
    if preset not in _LOOKS:
        raise InvalidInput("preset", "must be bone, vessels, lung or skin")
    spec, access = TurnSpec(k, LookName(preset), fmt, asked_size()), current_access()
    with place(_of_volume(n, spec.look)):
        picture = services().pictures.serving.turned(access.exam_id, access.exam_revision, n, spec)
    return _picture(picture, MIME[fmt])


def _of_volume(n: int, look: LookName | None = None) -> str:
    """The places for a picture of the volume of series n: one that is in memory makes nobody wait."""
    access, pictures = current_access(), services().pictures.serving
    return RENDERS if pictures.keeps_volume(access.exam_id, access.exam_revision, n, look) else CUTS


@blueprint.get("/exams/<exam_id>/report-version")
def report_version(exam_id: str) -> Response:
    """For a page that is open: whether its report is still the newest. 0 while there is none."""
    return jsonify({"version": services().exams.reports.newest_version(current_access().exam_id)})


def _picture(picture: bytes, mimetype: str) -> Response:
    if not picture:
        return Response(status=422)  # stored and safe, but it cannot be decoded
    record_look()
    return Response(picture, mimetype=mimetype)
