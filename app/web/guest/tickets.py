"""The tickets of guests: what `/t/g/<ticket>` of app/web/exam/tickets asks of their sessions. It leads to the share."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from flask import Response, request

from app.services.sharing.devices import device_of
from app.web import body_limits
from app.web.context import services
from app.web.exam.tickets import TicketDoor
from app.web.guards import guarded_blueprint, public
from app.web.guest import session as guest_session

blueprint = guarded_blueprint("guest_tickets", __name__, public)
blueprint.before_request(body_limits.limit_form)


def address_for_wechat(page: str = "") -> str:
    """The address that a page of the current share shows in WeChat; empty in other browsers and at a doctor's PC."""
    return door.address_for_wechat(lambda: services().sharing.tickets.issue(guest_session.current_guest()), page)


def _open_here(ticket: str) -> str | None:
    open_here = {access.session_id for access in guest_session.live_sessions()}
    named = services().sharing.tickets.sessions_of(ticket)
    return next((guest_session.address_of(session_id) for session_id in named if session_id in open_here), None)


def _redeem(ticket: str) -> tuple[str, Callable[[Response], Response]]:
    session_id = services().sharing.tickets.redeem(ticket, device_of(request.headers.get("User-Agent", "")))
    return guest_session.address_of(session_id), partial(guest_session.begin, began=[session_id])


door = TicketDoor(prefix="/t/g", is_guest=True, open_here=_open_here, redeem=_redeem)
door.install(blueprint)
