"""An exam's pictures for its session: frames, batches, downloads. services/pictures makes them; the manifest is in
`objects`.

All of them answer 404 while the exam is held.
"""

from __future__ import annotations

import gzip
import re
import struct
from typing import Any

from flask import Response, jsonify, render_template, request
from jinja2.utils import htmlsafe_json_dumps

from app.clock import CHINA
from app.errors import InvalidInput, NotFound
from app.services.audit.log import Action
from app.services.paper.modality_names import modality_name
from app.services.pictures.measuring import Outline, Shape
from app.services.pictures.serving import (
    FULL_DEPTH,
    THICKEST_MM,
    CutSpec,
    LookName,
    Plane,
    RenderSpec,
    Slab,
    SlabMode,
    Tile,
    TurnSpec,
    Window,
)
from app.services.pictures.takeaway import Member
from app.web.context import services
from app.web.downloads import stream_zip, with_ranges, zip_length
from app.web.guards import guarded_blueprint
from app.web.patient import cut_off
from app.web.patient.masked_names import masked
from app.web.patient.places import CUTS, RENDERS, SHEETS, place
from app.web.patient.session import current_access, finishing_or_none, record, record_look, shown_exam

blueprint = guarded_blueprint("patient_images", __name__, shown_exam)
blueprint.after_request(cut_off.watch)

MIME = {"jpg": "image/jpeg", "webp": "image/webp", "png": "image/png"}
SIZES = range(64, 2049)
_PLANES, _LOOKS, _MODES = (frozenset(map(str, names)) for names in (Plane, LookName, SlabMode))
_SHAPES = frozenset(map(str, Shape))
_SHARE = re.compile(r"(0(\.\d{1,6})?|1(\.0{1,6})?)\Z")
_NUMBER = re.compile(r"-?\d{1,6}(\.\d{1,6})?\Z")


@blueprint.get("/exams/<exam_id>/series/<int:n>/frames/<int:k>.<fmt>")
def frame(exam_id: str, n: int, k: int, fmt: str) -> Response:
    """A prepared frame for the default window in a prepared size, or else one that is rendered now. `plain=1`: without
    what a presentation state draws."""
    if fmt not in MIME:
        raise NotFound
    # a phone that scrolls a stack asks for the next frame without a query: then there is nothing to parse
    size, window = (_size(), asked_window()) if request.query_string else (None, None)
    access, pictures = current_access(), services().pictures.serving
    plain = bool(request.query_string) and _is_plain()
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
    first, count = _integer("from", 1, 100_000), _integer("count", 1, 20)
    step = _integer("step", 1, 100) if "step" in request.args else 1
    size = _size()
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
    outline, access = _outline(), current_access()
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
    spec = CutSpec(Plane(plane), k, _slab(), fmt, asked_window(), _size())
    access, pictures = current_access(), services().pictures.serving
    with place(_of_volume(n)):
        picture = pictures.cut(access.exam_id, access.exam_revision, n, spec)
    return _picture(picture, MIME[fmt])


@blueprint.get("/exams/<exam_id>/series/<int:n>/turntable/<int:k>.<fmt>")
def turntable(exam_id: str, n: int, k: int, fmt: str) -> Response:
    """The body of a CT from around, picture by picture of a whole turn; `preset` says which tissue is seen."""
    preset = request.args.get("preset", LookName.BONE.value)
    if fmt not in MIME:
        raise NotFound
    if preset not in _LOOKS:
        raise InvalidInput("preset", "must be bone, vessels, lung or skin")
    spec, access = TurnSpec(k, LookName(preset), fmt, _size()), current_access()
    with place(_of_volume(n, spec.look)):
        picture = services().pictures.serving.turned(access.exam_id, access.exam_revision, n, spec)
    return _picture(picture, MIME[fmt])


def _of_volume(n: int, look: LookName | None = None) -> str:
    """The places for a picture of the volume of series n: one that is in memory makes nobody wait."""
    access, pictures = current_access(), services().pictures.serving
    return RENDERS if pictures.keeps_volume(access.exam_id, access.exam_revision, n, look) else CUTS


@blueprint.get("/exams/<exam_id>/images.zip")
def images_zip(exam_id: str) -> Response:
    """The prepared pictures. It is taken up again as `dicom_zip` is."""
    access, pictures = current_access(), services().pictures
    shown = pictures.serving.shown(access.exam_id, access.exam_revision)
    if not shown:
        raise NotFound
    return _download(exam_id, pictures.takeaway.jpegs(shown, finishing_or_none()), "images.zip", "jpeg")


@blueprint.get("/exams/<exam_id>/dicom.zip")
def dicom_zip(exam_id: str) -> Response:
    """The originals with a DICOMDIR, and a page that shows the pictures without a network, where this session may see
    pictures. A download that was cut is taken up again by `Range`, unless its pictures are marked for this session."""
    access, pictures = current_access(), services().pictures
    originals = pictures.serving.originals(access.exam_id)
    if not originals:
        raise NotFound
    shown = pictures.serving.shown(access.exam_id, access.exam_revision) if access.parts.pictures else ()
    members = pictures.takeaway.members(originals, shown, _offline_page, finishing_or_none())
    return _download(exam_id, members, "dicom.zip", "dicom")


def _download(exam_id: str, members: list[Member], filename: str, form: str) -> Response:
    sizes = [(member.name, member.size) for member in members if member.size is not None]
    files = ((member.name, member.read()) for member in members)
    answer = stream_zip(files, filename, f"exam:{exam_id}", lambda: _record_download(form))
    if len(sizes) == len(members):
        with_ranges(answer, [f"{member.name} {member.tag}" for member in members], zip_length(sizes))
    return answer


@blueprint.get("/exams/<exam_id>/report.pdf")
def report_pdf(exam_id: str) -> Response:
    access = current_access()
    with place(SHEETS):
        record(Action.REPORT_DOWNLOADED)
        paper = services().paper.paper
        if not access.may_give:
            pdf = paper.copy(access.exam_id, anonymous=access.parts.anonymous)
        else:
            pdf = paper.download(access.exam_id)
        response = Response(pdf, mimetype="application/pdf")
    response.headers["Content-Disposition"] = 'inline; filename="report.pdf"'
    return response


def _offline_page(series: list[dict[str, Any]]) -> str:
    view = services().exams.views.by_id(current_access().exam_id)
    exam = {
        "name": masked(view.patient.name),
        "what": f"{view.body_part} {modality_name(view.modality)}".strip(),
        "on": f"{view.performed_at.astimezone(CHINA):%Y-%m-%d}",
    }
    return render_template("takeaway/index.html", exam=exam, series=series, series_json=htmlsafe_json_dumps(series))


@blueprint.get("/exams/<exam_id>/report-version")
def report_version(exam_id: str) -> Response:
    """For a page that is open: whether its report is still the newest. 0 while there is none."""
    return jsonify({"version": services().exams.reports.newest_version(current_access().exam_id)})


def _record_download(form: str) -> None:
    record_look()
    record(Action.IMAGES_DOWNLOADED, form=form)


def _picture(picture: bytes, mimetype: str) -> Response:
    if not picture:
        return Response(status=422)  # stored and safe, but it cannot be decoded
    record_look()
    return Response(picture, mimetype=mimetype)


def _size() -> int | None:
    text = request.args.get("size")
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 4 or int(text) not in SIZES:
        raise InvalidInput("size", "must be from 64 to 2048")
    return int(text)


def _is_plain() -> bool:
    text = request.args.get("plain", "0")
    if text not in ("0", "1"):
        raise InvalidInput("plain", "must be 0 or 1")
    return text == "1"


def asked_window() -> Window | None:
    center, width = request.args.get("wc"), request.args.get("ww")
    if center is None and width is None:
        return None
    if center is None or width is None or not _NUMBER.match(center) or not _NUMBER.match(width):
        raise InvalidInput("wc, ww", "must be two numbers")
    if float(width) <= 0:  # below 1 it is the window of small fractions
        raise InvalidInput("ww", "must be above 0")
    return Window(float(center), float(width))


def _slab() -> Slab:
    text, mode = request.args.get("slab", "0"), request.args.get("mode", SlabMode.MEAN.value)
    if not _NUMBER.match(text) or not 0 <= float(text) <= THICKEST_MM:
        raise InvalidInput("slab", f"must be from 0 to {THICKEST_MM:.0f}")
    if mode not in _MODES:
        raise InvalidInput("mode", "must be avg, mip or minip")
    return Slab(float(text), SlabMode(mode))


def _outline() -> Outline:
    shape = request.args.get("shape", Shape.ELLIPSE.value)
    if shape not in _SHAPES:
        raise InvalidInput("shape", "must be rectangle or ellipse")
    return Outline(Shape(shape), _share("left"), _share("top"), _share("right"), _share("bottom"))


def _share(name: str) -> float:
    text = request.args.get(name, "")
    if not _SHARE.match(text):
        raise InvalidInput(name, "must be from 0 to 1")
    return float(text)


def _integer(name: str, low: int, high: int) -> int:
    text = request.args.get(name, "")
    if not text.isascii() or not text.isdigit() or len(text) > 6 or not low <= int(text) <= high:
        raise InvalidInput(name, f"must be from {low} to {high}")
    return int(text)
