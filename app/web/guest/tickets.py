"""`/t/g/<ticket>`: the address that WeChat's pages of a share bear, so that 在浏览器打开 leads to the share in the
system's browser. A GET uses nothing up, because link scanners fetch everything; the POST of its button does."""

from __future__ import annotations

from flask import Response, make_response, redirect, render_template, request

from app.errors import AccessRefused
from app.services.sharing.devices import device_of
from app.web import body_limits
from app.web.context import services
from app.web.guards import guarded_blueprint, public
from app.web.guest import session as guest_session
from app.web.patient.wechat_view import wechat_view

blueprint = guarded_blueprint("guest_tickets", __name__, public)
blueprint.before_request(body_limits.limit_form)


@blueprint.get("/t/g/<ticket>")
@blueprint.get("/t/g/<ticket>/viewer", defaults={"page": "viewer"})
@blueprint.get("/t/g/<ticket>/report.pdf", defaults={"page": "report.pdf"})
@blueprint.get("/t/g/<ticket>/images.zip", defaults={"page": "images.zip"})
@blueprint.get("/t/g/<ticket>/dicom.zip", defaults={"page": "dicom.zip"})
def ticket_page(ticket: str, page: str = "") -> Response:
    """In a browser that has the share open (a page that was loaded again) it leads there."""
    return _already_open(ticket, page) or _page(page)


@blueprint.post("/t/g/<ticket>")
@blueprint.post("/t/g/<ticket>/viewer", defaults={"page": "viewer"})
@blueprint.post("/t/g/<ticket>/report.pdf", defaults={"page": "report.pdf"})
@blueprint.post("/t/g/<ticket>/images.zip", defaults={"page": "images.zip"})
@blueprint.post("/t/g/<ticket>/dicom.zip", defaults={"page": "dicom.zip"})
def open_by_ticket(ticket: str, page: str = "") -> Response:
    if (response := _already_open(ticket, page)) is not None:
        return response
    try:
        session_id = services().sharing.tickets.redeem(ticket, device_of(request.headers.get("User-Agent", "")))
    except AccessRefused:
        return _page(page, is_over=True)
    response = make_response(redirect(f"{guest_session.address_of(session_id)}/{page}".rstrip("/"), 303))
    return guest_session.begin(response, [session_id])


def address_for_wechat(page: str = "") -> str:
    """The address that a page of the current share shows in WeChat; empty in other browsers and at a doctor's PC."""
    if wechat_view(request.headers.get("User-Agent", "")) is None:
        return ""
    ticket = services().sharing.tickets.issue(guest_session.current_guest())
    return f"/t/g/{ticket}/{page}".rstrip("/") if ticket else ""


def _already_open(ticket: str, page: str) -> Response | None:
    open_here = {access.session_id for access in guest_session.live_sessions()}
    for session_id in services().sharing.tickets.sessions_of(ticket):
        if session_id in open_here:
            return make_response(redirect(f"{guest_session.address_of(session_id)}/{page}".rstrip("/"), 303))
    return None


def _page(page: str, *, is_over: bool = False) -> Response:
    template = render_template("patient/ticket.html", is_over=is_over, page=page, is_guest=True)
    return make_response(template, 403 if is_over else 200)
