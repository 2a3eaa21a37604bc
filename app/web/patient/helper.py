"""The code for somebody who helps: `/exams/<id>/helper-code`, where the patient gets it and ends it, and `/h`, where
the helper types it."""

from __future__ import annotations

from typing import Any

from flask import Response, make_response, redirect, render_template, request

from app.clock import CHINA
from app.errors import AccessRefused, Conflict, TooManyAttempts
from app.services.sharing.devices import device_of
from app.services.sharing.helper_codes import ListedHelper
from app.web import body_limits
from app.web.context import services
from app.web.exam import visit
from app.web.guards import guarded, guarded_blueprint, public
from app.web.patient import session as patient_session
from app.web.row_ids import row_id

blueprint = guarded_blueprint("patient_helper", __name__, patient_session.own_page)
blueprint.before_request(body_limits.limit_form)


@blueprint.get("/exams/<exam_id>/helper-code")
def helper_codes(exam_id: str) -> Response:
    return _codes_page()


@blueprint.post("/exams/<exam_id>/helper-code")
def give_or_end(exam_id: str) -> Response:
    """With `end`: ends a code and what it opened. Else: a new code, shown once."""
    visit.check_csrf()
    access, codes = visit.current_access(), services().sharing.helper_codes
    if (ended := request.form.get("end")) is not None:
        codes.revoke(access, row_id(ended))
        return make_response(redirect(f"{visit.base()}/helper-code", 303))
    try:
        return _codes_page(codes.give(access))
    except Conflict:
        return _codes_page(is_full=True, status=409)


@blueprint.get("/h")
@guarded(public)
def helpers_door() -> Response:
    return _door()


@blueprint.post("/h")
@guarded(public)
def type_code() -> Response:
    code, device = request.form.get("helper_code", "")[:64], device_of(request.headers.get("User-Agent", ""))
    try:
        session_id, exam_id = services().sharing.helper_codes.open_exam(code, request.remote_addr or "", device)
    except AccessRefused:
        return _door(refused=True, status=403)
    except TooManyAttempts as pause:
        page = _door(retry_minutes=-(-pause.retry_after_s // 60), status=429)
        page.headers["Retry-After"] = str(pause.retry_after_s)
        return page
    return patient_session.begin_helper(make_response(redirect(f"/exams/{exam_id.hex}", 303)), session_id)


def _door(*, refused: bool = False, retry_minutes: int = 0, status: int = 200) -> Response:
    page = render_template("patient/helpers_door.html", refused=refused, retry_minutes=retry_minutes)
    return make_response(page, status)


def _codes_page(code: str = "", *, is_full: bool = False, status: int = 200) -> Response:
    page = render_template(
        "patient/helper_code.html",
        base=visit.base(),
        code=code,
        is_full=is_full,
        door=f"{services().settings.base_url}/h",
        given=[_shown(each) for each in services().sharing.helper_codes.of(visit.current_access())],
        csrf_token=visit.csrf_token(),
    )
    return make_response(page, status)


def _shown(given: ListedHelper) -> dict[str, Any]:
    return {
        "id": given.id.hex,
        "made": f"{given.created_at.astimezone(CHINA):%Y-%m-%d %H:%M}",
        "opened": f"{given.opened_at.astimezone(CHINA):%Y-%m-%d %H:%M}" if given.opened_at else "",
        "until": f"{given.expires_at.astimezone(CHINA):%Y-%m-%d %H:%M}",
        "device": given.device,
        "is_over": given.revoked or given.over,
    }
