"""The ways in: QR, SMS link, pick-up form, one-time code. A GET looks up nothing; only a POST with a factor opens an
exam. For a browser that has the exam open, its own code leads there at once.

These forms have no session to protect, so they carry no CSRF token, and every GET answers with the same bytes.
"""

from __future__ import annotations

from flask import Response, make_response, redirect, render_template, request

from app.errors import AccessRefused, StepUpRequired, TooManyAttempts
from app.identity.numbers import phone_number
from app.security.codes import is_long, normal_code
from app.services.patient_access.code_naming import NO_PHONE, Attempt
from app.services.patient_access.opening import Opened
from app.web import body_limits
from app.web.context import services
from app.web.guards import guarded_blueprint, public
from app.web.patient import session as patient_session

blueprint = guarded_blueprint("patient_entry", __name__, public)
blueprint.before_request(body_limits.limit_form)


@blueprint.get("/")
def landing() -> str:
    return render_template("patient/landing.html", is_open=any(patient_session.live_sessions()))


@blueprint.get("/q/<code>")
def qr_page(code: str) -> Response | str:
    return _already_open(code) or render_template("patient/verify.html", with_phone=False)


@blueprint.get("/s/<code>")
def sms_page(code: str) -> Response | str:
    """Short codes are looked up only together with the phone, so their form asks for it."""
    with_phone = not is_long(normal_code(code))
    return _already_open(code) or render_template("patient/verify.html", with_phone=with_phone)


@blueprint.get("/s")
def pickup_page() -> str:
    return render_template("patient/pickup.html")


@blueprint.post("/q/<code>")
def open_by_qr(code: str) -> Response:
    return _answer(code, None, None)


@blueprint.post("/s/<code>")
def open_by_sms(code: str) -> Response:
    if is_long(normal_code(code)):
        return _answer(code, None, None)
    return _answer(code, _phone(), {"phone": request.form.get("phone", "")[:32]})


@blueprint.post("/s")
def open_by_pickup() -> Response:
    code = request.form.get("pickup_code", "")[:64]
    return _answer(code, _phone(), {"phone": request.form.get("phone", "")[:32], "pickup_code": code})


def _already_open(code: str) -> Response | None:
    """Asks no factor again from a browser in which the exam of this code is open. Others get the same page for every
    code."""
    address = patient_session.opened_by(code)
    return make_response(redirect(address, 303)) if address else None


def _phone() -> str:
    """The typed phone number as +86…, or NO_PHONE. An invalid number matches nothing and counts like any other
    failure."""
    try:
        return phone_number(request.form.get("phone", "")[:32], services().settings.phone_regions)
    except ValueError:
        return NO_PHONE


def _answer(code: str, phone: str | None, carried: dict[str, str] | None) -> Response:
    attempt = Attempt(code=code, address=request.remote_addr or "", phone=phone, device=patient_session.device_token())
    access = services().patient_access
    action = request.form.get("action")
    if action in ("send_code", "have_code"):
        missing = _missing(carried, code)  # depends on what was typed, not on what exists
        if action == "have_code" or missing:
            return _step_up(carried, missing=missing)
        return _asked(carried, attempt)
    try:
        typed = request.form.get("one_time_code")
        if typed is not None:
            opened = access.one_time_codes.open_by_one_time_code(attempt, typed[:32])
        else:
            opened = access.verification.open_by_factor(attempt, request.form.get("factor", "")[:32])
    except AccessRefused:
        return make_response(render_template("patient/refused.html"), 403)
    except TooManyAttempts as pause:
        minutes = -(-pause.retry_after_s // 60)
        page = render_template("patient/paused.html", retry_minutes=minutes, carried=carried)
        return make_response(page, 429, {"Retry-After": str(pause.retry_after_s)})
    except StepUpRequired:
        return _step_up(carried, missing=_missing(carried, code), is_asked=True, status=429)
    return _let_in(opened)


def _asked(carried: dict[str, str] | None, attempt: Attempt) -> Response:
    """The page after a request for a one-time code. A code can be typed even when this address must wait."""
    try:
        services().patient_access.one_time_codes.request(attempt)
    except TooManyAttempts as pause:
        page = _step_up(carried, missing=[], retry_minutes=-(-pause.retry_after_s // 60), status=429)
        page.headers["Retry-After"] = str(pause.retry_after_s)
        return page
    return _step_up(carried, missing=[], code_sent=True)


def _missing(carried: dict[str, str] | None, code: str) -> list[str]:
    """The fields that are missing for a one-time code: an empty pick-up code, an invalid phone number."""
    if carried is None:
        return []
    given = {"phone": _phone() != NO_PHONE, "pickup_code": bool(normal_code(code))}
    return [name for name in carried if not given[name]]


def _step_up(
    carried: dict[str, str] | None,
    *,
    missing: list[str],
    code_sent: bool = False,
    is_asked: bool = False,
    retry_minutes: int = 0,
    status: int = 200,
) -> Response:
    page = render_template(
        "patient/one_time_code.html",
        code_sent=code_sent,
        is_asked=is_asked,
        retry_minutes=retry_minutes,
        carried=carried,
        missing=missing,
    )
    return make_response(page, status)


def _let_in(opened: Opened) -> Response:
    response = make_response(redirect("/exams" if opened.told_along else f"/exams/{opened.exam_id.hex}", 303))
    return patient_session.begin(response, opened)
