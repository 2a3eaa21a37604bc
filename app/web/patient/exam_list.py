"""`/exams`: what a session opens, one exam or those of a person. Each exam's own pages are in `exams`."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, make_response, render_template, request

from app.clock import CHINA
from app.services.exams.listing import ListedExam
from app.services.paper.modality_names import modality_name
from app.web.context import services
from app.web.exam import visit
from app.web.exam.masked_names import masked
from app.web.exam.pages import held_page
from app.web.guards import guarded_blueprint
from app.web.patient import session as patient_session

blueprint = guarded_blueprint("patient_exam_list", __name__, patient_session.any_session)


@blueprint.get("/exams")
def exam_list() -> Response:
    opened = patient_session.opened_exams()
    patient_session.record_list()
    listed = services().exams.listing.of([access.exam_id for access in opened])
    held = {access.exam_id for access in opened if access.held}
    if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json":
        shown = [exam for exam in listed if exam.id not in held]
        return jsonify({"exams": [{"id": exam.id.hex, "person": masked(exam.patient_name)} for exam in shown]})
    if len(held) == len(opened):
        return make_response(held_page())
    family = {access.exam_id for access in opened if access.family is not None}
    entries = [(exam.id in family, _entry(exam, is_held=exam.id in held)) for exam in listed]
    page = render_template(
        "patient/exam_list.html",
        exams=[entry for is_familys, entry in entries if not is_familys],
        family=[entry for is_familys, entry in entries if is_familys],
        csrf_token=visit.csrf_token,
        is_bound=any(access.account_id and access.is_own for access in opened),
        has_family=any(access.of_person for access in opened),
    )
    return make_response(page)


def _entry(exam: ListedExam, *, is_held: bool) -> dict[str, Any]:
    if is_held:
        return {"id": exam.id.hex, "held": True}
    return {
        "id": exam.id.hex,
        "held": False,
        "patient_name_masked": masked(exam.patient_name),
        "modality_name": modality_name(exam.modality),
        "body_part": exam.body_part,
        "performed_on": f"{exam.performed_at.astimezone(CHINA):%Y-%m-%d}",
        "department": exam.department,
        "report_ready": exam.report_ready,
        "frames_total": exam.frames_total,
        "in_preparation": exam.in_preparation,
    }
