"""An exam's pages for its patient: the exam, the viewer, leaving. What they say to guests as well is in app/web/exam;
the list is in `exam_list`, pictures are in `images`."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, make_response, render_template

from app.clock import CHINA
from app.errors import NotFound
from app.services.exams.listing import ListedExam
from app.services.exams.views import ExamView
from app.services.paper.modality_names import modality_name
from app.services.patient_access.sessions import PatientAccess
from app.web import body_limits
from app.web.context import services
from app.web.exam import visit
from app.web.exam.masked_names import masked
from app.web.exam.pages import exam_values, held_page, recorded_now, viewer_page
from app.web.guards import guarded, guarded_blueprint
from app.web.patient import session as patient_session
from app.web.patient.looks import who_looked
from app.web.patient.tickets import address_for_wechat

blueprint = guarded_blueprint("patient_exams", __name__, patient_session.patient_session)
blueprint.before_request(body_limits.limit_form)
blueprint.before_app_request(patient_session.no_route)


@blueprint.get("/exams/<exam_id>")
def exam(exam_id: str) -> str:
    if visit.current_access().held:
        return held_page()
    view, shown = recorded_now()
    return render_template(
        "patient/exam.html",
        **exam_values(view, shown, with_help=True),
        to_tell=_to_tell(view),
        guest=None,
        address=(address := address_for_wechat()),
        can_be_told=bool(address) and _can_be_told(),
        has_list=visit.current_access().of_person,
        looks_as=_looks_as(visit.current_access()),
        shared=_shared(visit.current_access()),
    )


def _to_tell(view: ExamView) -> list[dict[str, str]]:
    """Others who read a former version of the report; for nobody but who let them in."""
    if not view.former_reports or not visit.current_access().may_give:
        return []
    return [{"how": look.how, "who": who_looked(look)} for look in services().exams.amendments.to_tell(view.id)]


def _looks_as(access: PatientAccess) -> str:
    """Who looks at the exam's page: self, guardian, relative or helper."""
    if access.is_helper:
        return "helper"
    if access.family is None:
        return "self"
    return "guardian" if access.family.is_guardian else "relative"


def _shared(access: PatientAccess) -> dict[str, Any] | None:
    """How often shares of the exam were opened, for who may share it; None before the first time."""
    if not access.may_give:
        return None
    times, latest = services().sharing.shares.opened(access)
    return {"times": times, "latest": f"{latest.astimezone(CHINA):%Y-%m-%d %H:%M}"} if latest else None


def _can_be_told() -> bool:
    """Whether WeChat's button makes sense: whoever is bound is told anyway, and nobody in the patient's place."""
    room, access = services().wechat, visit.current_access()
    return bool(room.subscriptions.template_id and room.login and access.is_own and access.account_id is None)


@blueprint.get("/exams/<exam_id>/viewer")
def viewer(exam_id: str) -> str:
    if visit.current_access().held:
        return held_page()
    if not visit.current_access().parts.pictures:
        raise NotFound
    return viewer_page(door=_door(), address=address_for_wechat("viewer"))


@blueprint.get("/exams/<exam_id>/priors.json")
@guarded(patient_session.shown_exam)
def priors(exam_id: str) -> Response:
    """`{priors: [{id, facts, name}]}`: other exams of the same patient whose pictures this browser has open, to be
    compared with; the newest first."""
    here = visit.current_access()
    others = {
        access.exam_id
        for access in patient_session.live_sessions()
        if access.patient_id == here.patient_id and access.consented and not access.held and access.parts.pictures
    }
    listed = services().exams.listing.of(sorted(others - {here.exam_id}))
    shown = sorted((exam for exam in listed if exam.frames_total), key=lambda exam: exam.performed_at, reverse=True)
    return jsonify({"priors": [_prior(exam) for exam in shown]})


def _prior(exam: ListedExam) -> dict[str, str]:
    day = f"{exam.performed_at.astimezone(CHINA):%Y-%m-%d}"
    name = f"{day} {exam.body_part} {modality_name(exam.modality)}"
    return {"id": exam.id.hex, "facts": f"{masked(exam.patient_name)} {day}".strip(), "name": " ".join(name.split())}


def _door() -> str:
    """Where an ended session of the viewer leads back to: the address that the patient came in by."""
    named = services().patient_access.sessions.code_behind(visit.current_access())
    if named is None:
        return "/p"
    is_qr, code = named
    return f"/q/{code}" if is_qr else f"/s/{code}"


@blueprint.post("/exams/<exam_id>/leave")
@guarded(patient_session.session_of_exam)
def leave(exam_id: str) -> Response:
    visit.check_csrf()
    return patient_session.end(make_response(render_template("patient/left.html")))
