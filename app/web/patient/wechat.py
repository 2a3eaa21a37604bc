"""`/wx`: the links of the WeChat menu. They ask WeChat who looks, and lead on to the list of exams or to `/bind`.

Every answer of the callback is a 302 to an address of ours that no request names: nobody can come back to a spent code,
and nobody can be sent elsewhere. The cookies are of this browser alone.
"""

from __future__ import annotations

import secrets

from flask import Response, make_response, redirect, render_template, request

from app.errors import AccessRefused, NotAnswered, NotFound, Unauthenticated
from app.services.wechat.login import Again, Login, Snapshot
from app.services.wechat.states import LeadsTo
from app.web import cookies
from app.web.context import services
from app.web.guards import guarded_blueprint, public
from app.web.patient import session as patient_session

blueprint = guarded_blueprint("patient_wechat", __name__, public)

PHONE_DOOR = "/p"
PLACES = {LeadsTo.EXAMS: "/exams", LeadsTo.PICKUP: "/s", LeadsTo.FAMILY: "/family", LeadsTo.HELP: "/wx/help"}
PLACES[LeadsTo.NOTIFY] = "/notify"
OPEN_TO_ALL = (LeadsTo.PICKUP, LeadsTo.HELP, LeadsTo.NOTIFY)
"""Nobody needs to be bound for them."""
LONGEST = 256


@blueprint.get("/wx/enter")
def enter() -> Response:
    """Without WeChat's login the phone door is the way in."""
    leads_to = LeadsTo.of(request.args.get("to", ""))
    login = services().wechat.login
    if login is None:
        return make_response(redirect(PLACES[leads_to] if leads_to in OPEN_TO_ALL else PHONE_DOOR, 302))
    browser = secrets.token_urlsafe(32)  # a new one each time: nobody knows it beforehand
    response = make_response(redirect(login.address(leads_to, browser), 302))
    cookies.WECHAT_STATE.set(response, browser)
    return response


@blueprint.get("/wx/callback")
def callback() -> Response:
    login = services().wechat.login
    if login is None:
        return make_response(redirect(PHONE_DOOR, 302))
    browser = cookies.WECHAT_STATE.read()[:LONGEST]
    code, state = (request.args.getlist(name)[-1:] or [""] for name in ("code", "state"))  # it may come twice
    try:
        device = patient_session.device_token()
        finished = login.finish(code[0][:LONGEST], state[0][:LONGEST], browser, request.remote_addr or "", device)
    except AccessRefused:
        return _page("refused", 403)
    except NotAnswered:
        return _page("unavailable", 503)
    if isinstance(finished, Again):
        again = login.address(finished.leads_to, browser, is_second=finished.is_second)
        return make_response(redirect(again, 302))
    if isinstance(finished, Snapshot):
        return _page("snapshot", 200)
    found = login.of(finished)
    return _on(found) if found else _page("refused", 403)


@blueprint.get("/wx/help")
def help_page() -> Response:
    return _page("help", 200)


@blueprint.get("/MP_verify_<code>.txt")
def proof_of_domain(code: str) -> Response:
    """WeChat looks for this file before it takes our domain."""
    if code not in services().settings.wechat_verify:
        raise NotFound
    return Response(code, mimetype="text/plain")


def current_login() -> Login | None:
    """Who looks, as WeChat said in this browser a while ago."""
    room = services().wechat
    try:
        login_id = room.login_tokens.read(cookies.WECHAT.read())
    except Unauthenticated:
        return None
    return room.login.of(login_id) if room.login else None


def _on(login: Login) -> Response:
    """To the exams in a browser that was proved before, else to `/bind`."""
    entered = services().binding.entering.enter(login, patient_session.device_token())
    place = PLACES[login.leads_to] if entered or login.leads_to in OPEN_TO_ALL else "/bind"
    response = make_response(redirect(place, 302))
    if entered:
        patient_session.begin_bound(response, entered)
    cookies.WECHAT.set(response, services().wechat.login_tokens.issue(login.id))
    return response


def _page(what: str, status: int) -> Response:
    return make_response(render_template("patient/wechat.html", what=what), status)
