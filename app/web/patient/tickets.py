"""The tickets of patients: what `/t/<ticket>` of app/web/exam/tickets asks of their sessions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from flask import Response

from app.web import body_limits
from app.web.context import services
from app.web.exam import visit
from app.web.exam.tickets import TicketDoor
from app.web.guards import guarded_blueprint, public
from app.web.patient import session as patient_session

blueprint = guarded_blueprint("patient_tickets", __name__, public)
blueprint.before_request(body_limits.limit_form)


def address_for_wechat(page: str = "") -> str:
    """The address that a page of the current exam shows in WeChat; empty in other browsers."""
    return door.address_for_wechat(lambda: services().patient_access.tickets.issue(visit.current_access()), page)


def _open_here(ticket: str) -> str | None:
    exam_id = services().patient_access.tickets.exam_of(ticket)
    if exam_id is None or all(access.exam_id != exam_id for access in patient_session.live_sessions()):
        return None
    return f"/exams/{exam_id.hex}"


def _redeem(ticket: str) -> tuple[str, Callable[[Response], Response]]:
    session_id, exam_id = services().patient_access.tickets.redeem(ticket)
    begin = partial(patient_session.begin_session, session_id=session_id, exam_id=exam_id)
    return f"/exams/{exam_id.hex}", begin


door = TicketDoor(prefix="/t", is_guest=False, open_here=_open_here, redeem=_redeem)
door.install(blueprint)
