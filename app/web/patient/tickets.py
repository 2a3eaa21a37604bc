"""`/t/<ticket>`: the address that WeChat's pages of an exam bear, so that 在浏览器打开 leads to the exam in
the system's browser. A GET uses nothing up, because link scanners fetch everything; the POST of its button does.
"""

from __future__ import annotations

from flask import Response, make_response, redirect, render_template, request

from app.errors import AccessRefused
from app.web import body_limits
from app.web.context import services
from app.web.guards import guarded_blueprint, public
from app.web.patient import session as patient_session
from app.web.patient.wechat_view import wechat_view

blueprint = guarded_blueprint("patient_tickets", __name__, public)
blueprint.before_request(body_limits.limit_form)


@blueprint.get("/t/<ticket>")
@blueprint.get("/t/<ticket>/viewer", defaults={"page": "viewer"})
@blueprint.get("/t/<ticket>/report.pdf", defaults={"page": "report.pdf"})
@blueprint.get("/t/<ticket>/images.zip", defaults={"page": "images.zip"})
@blueprint.get("/t/<ticket>/dicom.zip", defaults={"page": "dicom.zip"})
def ticket_page(ticket: str, page: str = "") -> Response:
    """In a browser that has the exam open (a page that was loaded again) it leads there."""
    return _already_open(ticket, page) or make_response(
        render_template("patient/ticket.html", is_over=False, page=page)
    )


@blueprint.post("/t/<ticket>")
@blueprint.post("/t/<ticket>/viewer", defaults={"page": "viewer"})
@blueprint.post("/t/<ticket>/report.pdf", defaults={"page": "report.pdf"})
@blueprint.post("/t/<ticket>/images.zip", defaults={"page": "images.zip"})
@blueprint.post("/t/<ticket>/dicom.zip", defaults={"page": "dicom.zip"})
def open_by_ticket(ticket: str, page: str = "") -> Response:
    if (response := _already_open(ticket, page)) is not None:
        return response
    try:
        session_id, exam_id = services().patient_access.tickets.redeem(ticket)
    except AccessRefused:
        return make_response(render_template("patient/ticket.html", is_over=True, page=page), 403)
    response = make_response(redirect(_address(exam_id.hex, page), 303))
    return patient_session.begin_session(response, session_id, exam_id)


def address_for_wechat(page: str = "") -> str:
    """The address that a page of the current exam shows in WeChat; empty in other browsers."""
    if wechat_view(request.headers.get("User-Agent", "")) is None:
        return ""
    ticket = services().patient_access.tickets.issue(patient_session.current_access())
    return f"/t/{ticket}/{page}".rstrip("/")


def _already_open(ticket: str, page: str) -> Response | None:
    exam_id = services().patient_access.tickets.exam_of(ticket)
    if exam_id is None or all(access.exam_id != exam_id for access in patient_session.live_sessions()):
        return None
    return make_response(redirect(_address(exam_id.hex, page), 303))


def _address(exam_id: str, page: str) -> str:
    return f"/exams/{exam_id}/{page}".rstrip("/")
