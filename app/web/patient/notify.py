"""`/notify`: a patient in WeChat who does not follow us asks to be told when the report is there.

It is of the patient's own exams that this browser opened: notices tell of later exams too, and so they are for nobody
whom the patient only let in. The page bears WeChat's own button (`wx-open-subscribe`), which needs WeChat's script and
a signature of the address.
"""

from __future__ import annotations

import secrets

from flask import Response, make_response, redirect, render_template

from app.errors import NotFound
from app.services.patient_access.sessions import PatientAccess
from app.services.wechat.states import LeadsTo
from app.web import cookies
from app.web.context import services
from app.web.exam import visit
from app.web.guards import guarded_blueprint
from app.web.patient import session as patient_session
from app.web.patient.wechat import current_login

blueprint = guarded_blueprint("patient_notify", __name__, patient_session.any_session)
PLACE = "/notify"


@blueprint.get(PLACE)
def page() -> Response:
    """Without a login by WeChat in this browser WeChat is asked who looks, and leads back here."""
    login = services().wechat.login
    if login is None or not services().wechat.subscriptions.template_id or not _own_exams():
        raise NotFound
    if current_login() is None:
        browser = secrets.token_urlsafe(32)
        response = make_response(redirect(login.address(LeadsTo.NOTIFY, browser), 302))
        cookies.WECHAT_STATE.set(response, browser)
        return response
    return _page(is_wanted=False)


@blueprint.post(PLACE)
def want() -> Response:
    """The button was pressed, and WeChat said that the user agrees. Field: `csrf_token`."""
    visit.check_csrf()
    login, own = current_login(), _own_exams()
    if login is None or not services().wechat.subscriptions.template_id or not own:
        raise NotFound
    services().wechat.subscriptions.wanted(login, [access.exam_id for access in own if not access.held])
    return _page(is_wanted=True)


def _own_exams() -> list[PatientAccess]:
    return [access for access in patient_session.opened_exams() if access.is_own]


def _page(*, is_wanted: bool) -> Response:
    wishes, settings = services().wechat.subscriptions, services().settings
    page = render_template(
        "patient/notify.html",
        is_wanted=is_wanted,
        template_id=wishes.template_id,
        signed=wishes.signed(f"{settings.base_url}{PLACE}"),
        script=settings.wechat_script_url,
        csrf_token=visit.csrf_token,
    )
    return make_response(page)
