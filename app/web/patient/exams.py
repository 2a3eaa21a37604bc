"""An exam's pages for its session: report with key images, viewer, leaving. The list is in `exam_list`, pictures are in
`images`."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from typing import Any

from flask import Response, jsonify, make_response, render_template, request
from jinja2.utils import htmlsafe_json_dumps

from app.clock import CHINA
from app.errors import NotFound
from app.services.audit.log import Action
from app.services.audit.looks import SHOWN_REPORT
from app.services.exams.listing import ListedExam
from app.services.exams.views import ExamView, anonymised
from app.services.paper.modality_names import modality_name
from app.services.patient_access.sessions import PatientAccess
from app.services.pictures.serving import ShownSeries
from app.web import body_limits
from app.web.context import services
from app.web.guards import guarded, guarded_blueprint
from app.web.patient import session as patient_session
from app.web.patient.looks import who_looked
from app.web.patient.masked_names import masked
from app.web.patient.objects import listed_objects, marks_set_aside, shown_manifest
from app.web.patient.report_values import report_values
from app.web.patient.tickets import address_for_wechat

blueprint = guarded_blueprint("patient_exams", __name__, patient_session.patient_session)
blueprint.before_request(body_limits.limit_form)
blueprint.before_app_request(patient_session.no_route)

KEY_IMAGES = 6
PREVIEW_SIDE, FRAME_SIDE = 256, 1024
"""The longest side of prepared pictures. A picture on the exam's page is a prepared frame: on a phone with three device
pixels for each CSS pixel, a preview is not sharp."""


@blueprint.get("/exams/<exam_id>")
def exam(exam_id: str) -> str:
    if patient_session.current_access().held:
        return held_page()
    view, shown = recorded_now()
    return render_template(
        "patient/exam.html",
        **exam_values(view, shown, with_help=True),
        to_tell=_to_tell(view),
        guest=None,
        address=(address := address_for_wechat()),
        can_be_told=bool(address) and _can_be_told(),
        has_list=patient_session.current_access().of_person,
        looks_as=_looks_as(patient_session.current_access()),
        shared=_shared(patient_session.current_access()),
    )


def _to_tell(view: ExamView) -> list[dict[str, str]]:
    """Others who read a former version of the report; for nobody but who let them in."""
    if not view.former_reports or not patient_session.current_access().may_give:
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
    room, access = services().wechat, patient_session.current_access()
    return bool(room.subscriptions.template_id and room.login and access.is_own and access.account_id is None)


def recorded_now() -> tuple[ExamView, tuple[ShownSeries, ...]]:
    """The exam as it is shown now, noted in the audit log with the version of its report.

    Who amends a report looks up who read it. So a version that was replaced before it was noted is not shown.
    """
    access = patient_session.current_access()
    while True:
        view, shown = shown_now()
        version = view.report.version if view.report and access.parts.report else 0
        patient_session.record(Action.EXAM_VIEWED, **{SHOWN_REPORT: str(version)})
        if not version or services().exams.reports.newest_version(access.exam_id) == version:
            return view, shown


def exam_values(view: ExamView, shown: tuple[ShownSeries, ...], *, with_help: bool) -> dict[str, Any]:
    """What the exam's page says to patients and to guests. `with_help`: words of the report are explained."""
    parts = patient_session.current_access().parts
    return {
        "base": patient_session.base(),
        "exam": _facts(view),
        "parts": parts,
        **report_values(view if parts.report else replace(view, report=None), with_help=with_help),
        "key_images": _with_marked(shown)[:KEY_IMAGES],
        "objects": (listed_objects() if parts.pictures or parts.report else [])
        + (marks_set_aside() if parts.pictures else []),
        "frames_total": _total(shown),
        "in_preparation": _in_preparation(view, shown),
        "csrf_token": patient_session.csrf_token,
    }


@blueprint.get("/exams/<exam_id>/viewer")
def viewer(exam_id: str) -> str:
    if patient_session.current_access().held:
        return held_page()
    if not patient_session.current_access().parts.pictures:
        raise NotFound
    return viewer_page(door=_door(), address=address_for_wechat("viewer"))


def viewer_page(*, door: str, address: str) -> str:
    """The viewer for patients and for guests. `door`: where an ended session leads to."""
    patient_session.record_look()
    view, shown = shown_now()
    facts = _facts(view)
    return render_template(
        "patient/viewer.html",
        base=patient_session.base(),
        facts=f"{facts['patient_name_masked']} {facts['performed_on']}".strip(),
        title=f"{view.body_part} {modality_name(view.modality)}".strip(),
        manifest_json=htmlsafe_json_dumps(shown_manifest()),
        first_frame=_first_frame(shown),
        door=door,
        address=address,
    )


@blueprint.get("/exams/<exam_id>/priors.json")
@guarded(patient_session.shown_exam)
def priors(exam_id: str) -> Response:
    """`{priors: [{id, facts, name}]}`: other exams of the same patient whose pictures this browser has open, to be
    compared with; the newest first."""
    here = patient_session.current_access()
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


def _first_frame(shown: tuple[ShownSeries, ...]) -> dict[str, Any] | None:
    """The picture that comes inside of the page (at most 10 KB): on a slow line a request for it costs a round trip.
    The frame that the link names, or what a doctor marked, comes first."""
    access = patient_session.current_access()
    for first in (_asked_image(shown) or _marked(shown, PREVIEW_SIDE) or _key_images(shown[:1], PREVIEW_SIDE))[:1]:
        n, k = first["series_n"], first["frame_k"]
        preview = services().pictures.serving.frame(access.exam_id, access.exam_revision, n, k, preview=True)
        finished = patient_session.finishing()(preview)
        return first | {"src": "data:image/jpeg;base64," + b64encode(finished).decode()}
    return None


def _door() -> str:
    """Where an ended session of the viewer leads back to: the address that the patient came in by."""
    named = services().patient_access.sessions.code_behind(patient_session.current_access())
    if named is None:
        return "/p"
    is_qr, code = named
    return f"/q/{code}" if is_qr else f"/s/{code}"


@blueprint.post("/exams/<exam_id>/leave")
@guarded(patient_session.session_of_exam)
def leave(exam_id: str) -> Response:
    patient_session.check_csrf()
    return patient_session.end(make_response(render_template("patient/left.html")))


def held_page() -> str:
    """One calm page, shown in place of list, report and pictures while the hospital checks whose they are."""
    return render_template("patient/held.html", base=patient_session.base(), csrf_token=patient_session.csrf_token)


def shown_now() -> tuple[ExamView, tuple[ShownSeries, ...]]:
    """The exam, and those of its series that this session may see."""
    access = patient_session.current_access()
    view = services().exams.views.by_id(access.exam_id)
    if access.parts.anonymous:
        view = anonymised(view)
    if not access.parts.pictures:
        return view, ()
    return view, services().pictures.serving.shown(access.exam_id, access.exam_revision)


def _in_preparation(view: ExamView, shown: tuple[ShownSeries, ...]) -> bool:
    """Nothing is shown yet, but pictures may come."""
    return not shown and services().pictures.serving.may_come(view.id)


def _total(shown: tuple[ShownSeries, ...]) -> int:
    return sum(series.row.frame_count for series in shown)


def _facts(view: ExamView) -> dict[str, Any]:
    return {
        "patient_name_masked": "" if view.is_anonymous else masked(view.patient.name),
        "modality_name": modality_name(view.modality),
        "body_part": view.body_part,
        "performed_on": f"{view.performed_at.astimezone(CHINA):%Y-%m-%d}",
        "department": view.department,
    }


def _key_images(shown: tuple[ShownSeries, ...], side: int) -> list[dict[str, Any]]:
    """One key image for each series. A series without a frame that can be shown has none."""
    return [
        _key_image(n, series, side)
        for n, series in enumerate(shown, 1)
        if not series.previews[series.row.key_frame - 1].is_empty
    ]


def _asked_image(shown: tuple[ShownSeries, ...]) -> list[dict[str, Any]]:
    """The frame that the link to the viewer names (`?series=1&frame=45`), if there is one and it can be shown. The
    fragment of an address says the same to the script, but never comes to the server."""
    n, k = (request.args.get(name, 0, int) for name in ("series", "frame"))
    if not 1 <= n <= len(shown) or not 1 <= k <= len(shown[n - 1].previews) or shown[n - 1].previews[k - 1].is_empty:
        return []
    return [_key_image(n, shown[n - 1], PREVIEW_SIDE, k)]


def _with_marked(shown: tuple[ShownSeries, ...]) -> list[dict[str, Any]]:
    """The images that a doctor marked, in their order, then one for each series."""
    marked = _marked(shown, FRAME_SIDE)
    places = [(image["series_n"], image["frame_k"]) for image in marked]
    others = _key_images(shown, FRAME_SIDE)
    return marked + [image for image in others if (image["series_n"], image["frame_k"]) not in places]


def _marked(shown: tuple[ShownSeries, ...], side: int) -> list[dict[str, Any]]:
    """The images that a doctor marked, in their order; none that cannot be shown."""
    access = patient_session.current_access()
    told = services().pictures.serving.manifest(access.exam_id, access.exam_revision) if shown else {"key_images": []}
    return [
        _key_image(mark["n"], shown[mark["n"] - 1], side, mark["k"])
        for mark in told["key_images"][:KEY_IMAGES]
        if not shown[mark["n"] - 1].previews[mark["k"] - 1].is_empty
    ]


def _key_image(n: int, series: ShownSeries, side: int, k: int | None = None) -> dict[str, Any]:
    row = series.row
    k = k or row.key_frame
    query = f"?size={PREVIEW_SIDE}" if side == PREVIEW_SIDE else ""
    scale = min(1.0, side / max(row.rows, row.columns, 1))
    return {
        "series_n": n,
        "frame_k": k,
        "src": f"{patient_session.base()}/series/{n}/frames/{k}.jpg{query}",
        "width": max(1, round(row.columns * scale)),
        "height": max(1, round(row.rows * scale)),
        "alt": row.description or modality_name(row.modality),
    }
