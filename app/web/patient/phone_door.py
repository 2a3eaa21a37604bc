"""The phone door, `/p`: a phone number, six digits sent to it, the last four of the ID number; then the list of exams.

The page says the same for every number. It carries what was typed, so that one wrong digit empties no field; a cookie
binds the digits to the browser that asked for them. No CSRF token: there is no session to protect yet, and `origins`
refuses the posts of other sites.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from flask import Response, make_response, redirect, render_template, request

from app.errors import AccessRefused, TooManyAttempts
from app.identity.numbers import phone_number
from app.services.patient_access.code_naming import NO_PHONE
from app.web import body_limits, cookies
from app.web.context import services
from app.web.guards import guarded_blueprint, public
from app.web.patient import session as patient_session

blueprint = guarded_blueprint("patient_phone_door", __name__, public)
blueprint.before_request(body_limits.limit_form)

LONGEST_COOKIE = 64


@dataclass(frozen=True)
class Typed:
    """The form's fields as they were typed, cut to a length nobody needs."""

    phone: str = ""
    one_time_code: str = ""
    factor: str = ""

    @property
    def number(self) -> str:
        """+86…, or NO_PHONE, which is of nobody."""
        try:
            return phone_number(self.phone, services().settings.phone_regions)
        except ValueError:
            return NO_PHONE


@blueprint.get("/p")
def phone_page() -> Response:
    return _page(Typed())


@blueprint.post("/p")
def through_phone_door() -> Response:
    names = ("phone", "one_time_code", "factor")
    typed = Typed(**{name: request.form.get(name, "")[:32] for name in names})
    action = request.form.get("action")
    if typed.number == NO_PHONE and (action or not typed.one_time_code):
        return _page(typed, phone_is_wrong=True)  # hangs on what was typed alone
    if action == "send_code":
        return _asked(typed)
    if action == "have_code" or not typed.one_time_code:
        return _page(typed, asks_for="code")
    return _opened(typed)


def _asked(typed: Typed) -> Response:
    """The page after a request for digits. Also when the number or the address must wait, digits can be typed."""
    browser = cookies.DOOR.read()[:LONGEST_COOKIE] or secrets.token_urlsafe(32)
    try:
        services().patient_access.phone_door.request(typed.number, browser, request.remote_addr or "")
    except TooManyAttempts as pause:
        page = _page(typed, asks_for="code", retry_minutes=-(-pause.retry_after_s // 60), status=429)
        page.headers["Retry-After"] = str(pause.retry_after_s)
    else:
        page = _page(typed, asks_for="code", code_sent=True)
    cookies.DOOR.set(page, browser)
    return page


def _opened(typed: Typed) -> Response:
    browser = cookies.DOOR.read()[:LONGEST_COOKIE]
    try:
        session_id = services().patient_access.phone_door.open_by_phone(
            typed.number, browser, request.remote_addr or "", typed.one_time_code, typed.factor
        )
    except AccessRefused:
        return _page(typed, asks_for="code", refused=True, status=403)
    response = patient_session.begin_of_person(make_response(redirect("/exams", 303)), session_id)
    cookies.DOOR.delete(response)
    return response


def _page(
    typed: Typed,
    *,
    asks_for: str = "phone",
    phone_is_wrong: bool = False,
    code_sent: bool = False,
    retry_minutes: int = 0,
    refused: bool = False,
    status: int = 200,
) -> Response:
    page = render_template(
        "patient/phone_door.html",
        typed=typed,
        asks_for=asks_for,
        phone_is_wrong=phone_is_wrong,
        code_sent=code_sent,
        retry_minutes=retry_minutes,
        refused=refused,
    )
    return make_response(page, status)
