"""`/bind`: whoever WeChat named says who they are, and proves it with digits sent to the phone on file or given at the
desk. `/unbind` ends it. The page says the same for every name and number.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response, make_response, redirect, render_template, request

from app.errors import AccessRefused, NotFound, TooManyAttempts
from app.services.binding.binding import Claim
from app.services.wechat.login import Login
from app.web import body_limits, cookies
from app.web.context import services
from app.web.exam import visit
from app.web.guards import guarded, guarded_blueprint, public
from app.web.patient import session as patient_session
from app.web.patient.wechat import PLACES, current_login

blueprint = guarded_blueprint("patient_binding", __name__, public)
blueprint.before_request(body_limits.limit_form)

ENTER = "/wx/enter?to=exams"


@dataclass(frozen=True)
class Typed:
    """The form's fields as they were typed, cut to a length nobody needs."""

    name: str = ""
    id_number: str = ""
    one_time_code: str = ""

    @property
    def claim(self) -> Claim:
        return Claim(self.name.strip(), self.id_number.strip())


@blueprint.get("/bind")
def bind_page() -> Response:
    login = current_login()
    if login is None:
        return make_response(redirect(ENTER, 302))
    return _page(login, Typed())


@blueprint.post("/bind")
def bind() -> Response:
    login = current_login()
    if login is None:
        return make_response(render_template("patient/wechat.html", what="refused"), 403)
    names = ("name", "id_number", "one_time_code")
    typed = Typed(**{name: request.form.get(name, "")[:64] for name in names})
    action = request.form.get("action")
    if action == "send_code":
        return _asked(login, typed)
    if action == "have_code" or not typed.one_time_code:
        return _page(login, typed, asks_for="code")
    return _bound(login, typed)


@blueprint.post("/unbind")
@guarded(patient_session.any_session_unasked)
def unbind() -> Response:
    """End the binding that this session came by."""
    visit.check_csrf()
    own = (one for one in patient_session.opened_exams() if one.is_own)
    account_id = next((one.account_id for one in own if one.account_id), None)
    if account_id is None:
        raise NotFound
    services().binding.entering.unbind(account_id, visit.current_access().actor)
    response = make_response(redirect("/", 303))
    cookies.WECHAT.delete(response)
    return patient_session.end(response)


def _asked(login: Login, typed: Typed) -> Response:
    try:
        services().binding.binding.request(login, typed.claim, request.remote_addr or "")
    except TooManyAttempts as pause:
        minutes = -(-pause.retry_after_s // 60)
        page = _page(login, typed, asks_for="code", retry_minutes=minutes, status=429)
        page.headers["Retry-After"] = str(pause.retry_after_s)
        return page
    return _page(login, typed, asks_for="code", code_sent=True)


def _bound(login: Login, typed: Typed) -> Response:
    try:
        entered = services().binding.binding.bind(
            login, typed.claim, typed.one_time_code, patient_session.device_token(), request.remote_addr or ""
        )
    except AccessRefused:
        return _page(login, typed, asks_for="code", refused=True, status=403)
    response = make_response(redirect(PLACES[login.leads_to], 303))
    return patient_session.begin_bound(response, entered)


def _page(
    login: Login,
    typed: Typed,
    *,
    asks_for: str = "",
    code_sent: bool = False,
    retry_minutes: int = 0,
    refused: bool = False,
    status: int = 200,
) -> Response:
    is_bound = "other" not in request.args and services().binding.entering.is_bound(login)
    page = render_template(
        "patient/bind.html",
        typed=typed,
        asks_for=asks_for or "person",
        is_bound=is_bound,
        code_sent=code_sent,
        retry_minutes=retry_minutes,
        refused=refused,
    )
    return make_response(page, status)
