"""`/consent`: what a patient agrees to before the first look, and where it is withdrawn. The guards in `session` lead
here."""

from __future__ import annotations

from flask import Response, make_response, redirect, render_template, request

from app.errors import Conflict, InvalidInput, NotFound
from app.services.consent.consents import VERSION
from app.services.patient_access.sessions import PatientAccess
from app.web import body_limits
from app.web.context import services
from app.web.exam import visit
from app.web.guards import guarded_blueprint
from app.web.patient import session as patient_session

blueprint = guarded_blueprint("patient_consent", __name__, patient_session.any_session_unasked)
blueprint.before_request(body_limits.limit_form)


@blueprint.get("/consent")
def consent_page() -> str:
    return _page(_own_exams())


@blueprint.post("/consent")
def agree_or_withdraw() -> Response:
    visit.check_csrf()
    opened, actor = _own_exams(), visit.current_access().actor
    patients = [access.patient_id for access in opened]
    action = request.form.get("action")
    if action == "agree":
        try:
            services().consent.agree(patients, actor)
        except Conflict:
            return make_response(_page(opened, is_too_often=True), 409)
        is_list = len(opened) > 1 or opened[0].of_person
        return make_response(redirect("/exams" if is_list else f"/exams/{opened[0].exam_id.hex}", 303))
    if action == "withdraw":
        services().consent.withdraw(patients, actor)
        return make_response(redirect("/consent", 303))
    raise InvalidInput("action", "must be agree or withdraw")


def _page(opened: list[PatientAccess], *, is_too_often: bool = False) -> str:
    return render_template(
        "patient/consent.html",
        version=VERSION,
        agreed=all(access.consented for access in opened),
        base=f"/exams/{opened[0].exam_id.hex}",
        is_too_often=is_too_often,
        csrf_token=visit.csrf_token(),
    )


def _own_exams() -> list[PatientAccess]:
    """Those of the patients of this browser: nobody agrees or withdraws for a relative. Raises NotFound when there are
    none."""
    own = [access for access in patient_session.opened_exams() if access.is_own]
    if not own:
        raise NotFound
    return own
