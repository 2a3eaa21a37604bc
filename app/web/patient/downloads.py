"""Files of an exam to keep: the ZIPs of pictures and originals, the report as PDF. Guests have these addresses too.

All of them answer 404 while the exam is held. The archive on its way is in app/web/downloads; what it holds is decided
in app/services/pictures/takeaway.
"""

from __future__ import annotations

from typing import Any

from flask import Response, render_template
from jinja2.utils import htmlsafe_json_dumps

from app.clock import CHINA
from app.errors import NotFound
from app.services.audit.log import Action
from app.services.paper.modality_names import modality_name
from app.services.pictures.takeaway import Member
from app.web.context import services
from app.web.downloads import stream_zip, with_ranges, zip_length
from app.web.exam import cut_off
from app.web.exam.masked_names import masked
from app.web.exam.places import SHEETS, place
from app.web.exam.visit import current_access, finishing_or_none, record, record_look
from app.web.guards import guarded_blueprint
from app.web.patient.session import shown_exam

blueprint = guarded_blueprint("patient_downloads", __name__, shown_exam)
blueprint.after_request(cut_off.watch)


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


def _record_download(form: str) -> None:
    record_look()
    record(Action.IMAGES_DOWNLOADED, form=form)
