"""The desk's list of patients' requests about their own data, and the answers. services/data_requests decides."""

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

blueprint = guarded_blueprint("staff_data_requests", __name__, requires(Permission.SEE_EXAMS), url_prefix="/staff")
may_change = guarded(requires(Permission.CHANGE_ACCESS))


@blueprint.get("/data-requests")
def waiting() -> Response:
    return _page()


@blueprint.post("/data-requests/<request_id>/answer")
@may_change
def answer(request_id: str) -> Response:
    """Fields: `outcome` (done or refused), `reason` (the patient reads it)."""
    wanted, words, actor = row_id(request_id), request.form.get("reason", ""), current_staff().actor
    try:
        services().data_requests.requests.answer(wanted, request.form.get("outcome", ""), words, actor)
    except (InvalidInput, Conflict) as error:
        return _page(error)
    flash("data_request_answered")
    return make_response(redirect("/staff/data-requests", 303))


def _page(fault: CloudFilmError | None = None) -> Response:
    waiting = services().data_requests.requests.waiting(current_staff().actor, asked("requests"))
    word = "data_request_words" if isinstance(fault, InvalidInput) else type(fault).__name__ if fault else None
    page = render_template("staff/data_requests.html", waiting=waiting, fault=word)
    return make_response(page, status_of(fault) if fault else 200)
