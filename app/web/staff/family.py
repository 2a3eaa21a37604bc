"""The desk's pages of families: guardians who wait, who may see a patient, ending it. services/family decides."""

from __future__ import annotations

from flask import Response, flash, make_response, redirect, render_template, request

from app.errors import CloudFilmError, Conflict, InvalidInput
from app.security.permissions import Permission
from app.web.context import services
from app.web.error_pages import status_of
from app.web.guards import guarded, guarded_blueprint
from app.web.row_ids import row_id
from app.web.staff.pages import asked
from app.web.staff.session import current_staff, requires

blueprint = guarded_blueprint("staff_family", __name__, requires(Permission.SEE_EXAMS), url_prefix="/staff")
may_change = guarded(requires(Permission.CHANGE_ACCESS))
REFUSALS = (InvalidInput, Conflict)


@blueprint.get("/family")
def waiting() -> Response:
    return _waiting()


@blueprint.post("/family/<grant_id>/confirm")
@may_change
def confirm(grant_id: str) -> Response:
    """Staff saw the documents of the guardian. Field: `reason`."""
    try:
        services().family.guardians.confirm(row_id(grant_id), request.form.get("reason", ""), current_staff().actor)
    except REFUSALS as error:
        return _waiting(error)
    flash("guardian_confirmed")
    return make_response(redirect("/staff/family", 303))


@blueprint.post("/family/<grant_id>/refuse")
@may_change
def refuse(grant_id: str) -> Response:
    try:
        services().family.guardians.end(row_id(grant_id), request.form.get("reason", ""), current_staff().actor)
    except REFUSALS as error:
        return _waiting(error)
    flash("guardian_refused")
    return make_response(redirect("/staff/family", 303))


@blueprint.get("/exams/<exam_id>/family")
def of_exam(exam_id: str) -> Response:
    return _of_exam(exam_id)


@blueprint.post("/exams/<exam_id>/family/<grant_id>/end")
@may_change
def end(exam_id: str, grant_id: str) -> Response:
    """End what a relative may see, and what is open by it. Field: `reason`."""
    exam = row_id(exam_id)
    try:
        services().family.guardians.end(row_id(grant_id), request.form.get("reason", ""), current_staff().actor)
    except REFUSALS as error:
        return _of_exam(exam_id, error)
    flash("family_ended")
    return make_response(redirect(f"/staff/exams/{exam.hex}/family", 303))


def _waiting(fault: CloudFilmError | None = None) -> Response:
    waiting = services().family.guardians.waiting(current_staff().actor, asked("guardians"))
    page = render_template("staff/guardians.html", waiting=waiting, fault=_word(fault))
    return make_response(page, status_of(fault) if fault else 200)


def _of_exam(exam_id: str, fault: CloudFilmError | None = None) -> Response:
    found = services().family.guardians.of_exam(row_id(exam_id), current_staff().actor)
    page = render_template("staff/family.html", family=found, fault=_word(fault))
    return make_response(page, status_of(fault) if fault else 200)


def _word(fault: CloudFilmError | None) -> str | None:
    """What the fault is called in words.faults."""
    if isinstance(fault, InvalidInput) and fault.field == "birth_date":
        return fault.field
    return type(fault).__name__ if fault else None
