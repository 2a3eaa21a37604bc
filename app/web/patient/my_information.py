"""`/my-information`: what is kept of the person of this browser, and requests to correct or to delete it."""

from __future__ import annotations

from typing import Any

from flask import Response, g, make_response, redirect, render_template, request

from app.clock import CHINA
from app.errors import Conflict, InvalidInput, NotFound
from app.services.data_requests.kept import Registration
from app.services.data_requests.requests import RequestView
from app.web import body_limits
from app.web.context import services
from app.web.exam import visit
from app.web.exam.masked_names import masked
from app.web.guards import guarded_blueprint
from app.web.patient import session as patient_session
from app.web.row_ids import row_id

SHOWN_OF_ID = 4
"""Its owner recognises the last four."""


def own_data() -> None:
    """Guard: a live session of the patient. Nobody is shown a relative's data here. Who did not agree to look, or
    withdrew, is let in too: the rights stay."""
    patient_session.any_session_unasked()
    own = [access for access in patient_session.opened_exams() if access.is_own]
    if not own:
        raise NotFound
    g.patient_access = own[0]
    g.own_patients = list(dict.fromkeys(access.patient_id for access in own if access.session_id == own[0].session_id))


blueprint = guarded_blueprint("patient_information", __name__, own_data)
blueprint.before_request(body_limits.limit_form)


@blueprint.get("/my-information")
def my_information() -> Response:
    return _page()


@blueprint.post("/my-information")
def ask_or_take_back() -> Response:
    """With `take_back`: takes a request back. Else `kind` and `wish`: a new request."""
    visit.check_csrf()
    requests, actor = services().data_requests.requests, visit.current_access().actor
    try:
        if (taken := request.form.get("take_back")) is not None:
            requests.take_back(g.own_patients, row_id(taken), actor)
        else:
            requests.ask(g.own_patients, request.form.get("kind", ""), request.form.get("wish", ""), actor)
    except InvalidInput as error:
        return _page(said=error.field, status=400)
    except Conflict:
        return _page(said="conflict", status=409)
    return make_response(redirect("/my-information", 303))


def _page(*, said: str = "", status: int = 200) -> Response:
    kept = services().data_requests.kept.of(g.own_patients)
    page = render_template(
        "patient/my_information.html",
        registrations=[_masked(each) for each in kept.registrations],
        consents=[
            {
                "version": each.version,
                "agreed": f"{each.agreed_at.astimezone(CHINA):%Y-%m-%d %H:%M}",
                "withdrawn": f"{each.withdrawn_at.astimezone(CHINA):%Y-%m-%d %H:%M}" if each.withdrawn_at else "",
            }
            for each in kept.consents
        ],
        bound=[f"{at.astimezone(CHINA):%Y-%m-%d}" for at in kept.wechat_bound_at],
        requests=[_shown(each) for each in services().data_requests.requests.of(g.own_patients)],
        said=said,
        base=visit.base(),
        csrf_token=visit.csrf_token(),
    )
    return make_response(page, status)


def _masked(each: Registration) -> dict[str, str]:
    return {
        "name": masked(each.name) if each.name else "",
        "phone": each.phone_masked or "",
        "id_number": f"****{each.id_number[-SHOWN_OF_ID:]}" if each.id_number else "",
        "birth_year": each.birth_date[:4] if each.birth_date else "",
    }


def _shown(view: RequestView) -> dict[str, Any]:
    return {
        "id": view.id.hex,
        "kind": view.kind,
        "state": view.state,
        "is_open": view.is_open,
        "is_late": view.is_late,
        "due": f"{view.due_at.astimezone(CHINA):%Y-%m-%d}",
        "steps": [
            {"state": step.state, "words": step.words, "at": f"{step.at.astimezone(CHINA):%Y-%m-%d %H:%M}"}
            for step in view.steps
        ],
    }
