"""An exam's pages for its session: report with key images, viewer, leaving. The list is in `exam_list`, pictures are in
`images`."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from flask import Response, make_response, render_template
from jinja2.utils import htmlsafe_json_dumps

from app.clock import CHINA
from app.services.audit.log import Action
from app.services.exams.views import ExamView, anonymised
from app.services.paper.modality_names import modality_name
from app.services.pictures.serving import ShownSeries
from app.web import body_limits
from app.web.context import services
from app.web.guards import guarded, guarded_blueprint
from app.web.patient import session as patient_session
from app.web.patient.masked_names import masked
from app.web.patient.objects import listed_objects, shown_manifest
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
    view, shown = shown_now()
    patient_session.record(Action.EXAM_VIEWED)
    return render_template(
        "patient/exam.html",
        **exam_values(view, shown),
        guest=None,
        address=(address := address_for_wechat()),
        can_be_told=bool(address and services().wechat.subscriptions.template_id and services().wechat.login),
        has_list=patient_session.current_access().of_person,
    )


def exam_values(view: ExamView, shown: tuple[ShownSeries, ...]) -> dict[str, Any]:
    """What the exam's page says to patients and to guests."""
    parts = patient_session.current_access().parts
    return {
        "base": patient_session.base(),
        "exam": _facts(view),
        "parts": parts,
        "report": _report(view) if parts.report else None,
        "key_images": _with_marked(shown)[:KEY_IMAGES],
        "objects": listed_objects() if parts.pictures or parts.report else [],
        "frames_total": _total(shown),
        "in_preparation": _in_preparation(view, shown),
        "csrf_token": patient_session.csrf_token,
    }


@blueprint.get("/exams/<exam_id>/viewer")
def viewer(exam_id: str) -> str:
    if patient_session.current_access().held:
        return held_page()
    return viewer_page(door=_door(), address=address_for_wechat("viewer"))


def viewer_page(*, door: str, address: str) -> str:
    """The viewer for patients and for guests. `door`: where an ended session leads to."""
    patient_session.record_look()
    view, shown = shown_now()
    return render_template(
        "patient/viewer.html",
        base=patient_session.base(),
        title=f"{view.body_part} {modality_name(view.modality)}".strip(),
        manifest_json=htmlsafe_json_dumps(shown_manifest()),
        first_frame=_first_frame(shown),
        door=door,
        address=address,
    )


def _first_frame(shown: tuple[ShownSeries, ...]) -> dict[str, Any] | None:
    """The picture that comes inside of the page (at most 10 KB): on a slow line a request for it costs a round trip."""
    access = patient_session.current_access()
    for first in _key_images(shown[:1], PREVIEW_SIDE):
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


def _report(view: ExamView) -> dict[str, Any] | None:
    if view.report is None:
        return None
    report = view.report
    return {
        "status": report.status,
        "findings": report.findings,
        "impression": report.impression,
        "reporting_doctor": report.reporting_doctor,
        "reviewing_doctor": report.reviewing_doctor,
        "reported_at": f"{report.reported_at.astimezone(CHINA):%Y-%m-%d %H:%M}",
        "version": report.version,
    }


def _key_images(shown: tuple[ShownSeries, ...], side: int) -> list[dict[str, Any]]:
    """One key image for each series. A series without a frame that can be shown has none."""
    return [
        _key_image(n, series, side)
        for n, series in enumerate(shown, 1)
        if not series.previews[series.row.key_frame - 1].is_empty
    ]


def _with_marked(shown: tuple[ShownSeries, ...]) -> list[dict[str, Any]]:
    """The images that a doctor marked, in their order, then one for each series."""
    access = patient_session.current_access()
    told = services().pictures.serving.manifest(access.exam_id, access.exam_revision) if shown else {"key_images": []}
    marked = [
        _key_image(mark["n"], shown[mark["n"] - 1], FRAME_SIDE, mark["k"])
        for mark in told["key_images"][:KEY_IMAGES]
        if not shown[mark["n"] - 1].previews[mark["k"] - 1].is_empty
    ]
    places = [(image["series_n"], image["frame_k"]) for image in marked]
    others = _key_images(shown, FRAME_SIDE)
    return marked + [image for image in others if (image["series_n"], image["frame_k"]) not in places]


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
