"""The doors of guests: `/g/<code>`, a share's link that asks for its passcode, and `/d`, where a doctor types six
digits at a PC. A GET of a link looks up nothing, except in a browser that has it open."""

from __future__ import annotations

from flask import Response, make_response, redirect, render_template, request

from app.errors import AccessRefused, TooManyAttempts
from app.services.sharing.devices import device_of
from app.services.sharing.hand_over import PcState
from app.web import body_limits, cookies
from app.web.context import services
from app.web.guards import guarded_blueprint, public
from app.web.guest import session as guest_session

blueprint = guarded_blueprint("guest_doors", __name__, public)
blueprint.before_request(body_limits.limit_form)

LONGEST_COOKIE = 64


@blueprint.get("/g/<code>")
def share_page(code: str) -> Response:
    """The same bytes for every link."""
    for session_id in guest_session.session_ids():
        if services().sharing.opening.is_named_by(session_id, code):
            return make_response(redirect(guest_session.address_of(session_id), 303))
    return make_response(render_template("guest/passcode.html", refused=False, retry_minutes=0))


@blueprint.post("/g/<code>")
def open_share(code: str) -> Response:
    passcode = request.form.get("passcode", "")[:64]
    device = device_of(request.headers.get("User-Agent", ""))
    try:
        began = services().sharing.opening.open_share(code, passcode, request.remote_addr or "", device)
    except AccessRefused:
        return make_response(render_template("guest/passcode.html", refused=True, retry_minutes=0), 403)
    except TooManyAttempts as pause:
        return _paused("guest/passcode.html", pause, refused=False)
    response = make_response(redirect(guest_session.address_of(began[0]), 303))
    return guest_session.begin(response, began)


@blueprint.get("/d")
def digits_page() -> Response:
    """Of a browser that waits: its number, and the way in once the patient tapped it. The page asks again by itself."""
    browser = cookies.WAITING.read()[:LONGEST_COOKIE]
    state = services().sharing.hand_over.state_of(browser) if browser else None
    if state is None:
        response = _digits_page(over=bool(browser))
        if browser:
            cookies.WAITING.delete(response)
        return response
    if state.session_id is None:
        return _digits_page(state)
    response = make_response(redirect(guest_session.address_of(state.session_id), 303))
    cookies.WAITING.delete(response)
    return guest_session.begin(response, [state.session_id])


@blueprint.post("/d")
def type_digits() -> Response:
    device = device_of(request.headers.get("User-Agent", ""))
    browser = cookies.WAITING.read()[:LONGEST_COOKIE]
    code, address = request.form.get("code", "")[:64], request.remote_addr or ""
    try:
        typed = services().sharing.hand_over.type(code, browser, address, device)
    except AccessRefused:
        return _digits_page(refused=True, status=403)
    except TooManyAttempts as pause:
        return _paused("guest/digits.html", pause, refused=False, over=False, number="")
    response = _digits_page(PcState(number=typed.number))
    cookies.WAITING.set(response, typed.browser)
    return response


def _digits_page(
    state: PcState | None = None, *, refused: bool = False, over: bool = False, status: int = 200
) -> Response:
    number = state.number if state else ""
    page = render_template("guest/digits.html", number=number, refused=refused, over=over, retry_minutes=0)
    return make_response(page, status)


def _paused(template: str, pause: TooManyAttempts, **values: object) -> Response:
    minutes = -(-pause.retry_after_s // 60)
    page = render_template(template, retry_minutes=minutes, **values)
    return make_response(page, 429, {"Retry-After": str(pause.retry_after_s)})
