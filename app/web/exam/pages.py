"""What the pages of an exam say to whoever may see it, a patient or a guest: report with key images, viewer, the page
of a held exam. The addresses, and what only one of the two sees, are in app/web/patient/exams and app/web/guest/pages.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from typing import Any

from flask import render_template, request
from jinja2.utils import htmlsafe_json_dumps

from app.clock import CHINA
from app.services.audit.log import Action
from app.services.audit.looks import SHOWN_REPORT
from app.services.exams.views import ExamView, anonymised
from app.services.paper.modality_names import modality_name
from app.services.pictures.serving import ShownSeries
from app.web.context import services
from app.web.exam import visit
from app.web.exam.masked_names import masked
from app.web.exam.objects import listed_objects, marks_set_aside, shown_manifest
from app.web.exam.report_values import report_values

KEY_IMAGES = 6
PREVIEW_SIDE, FRAME_SIDE = 256, 1024
"""The longest side of prepared pictures. A picture on the exam's page is a prepared frame: on a phone with three device
pixels for each CSS pixel, a preview is not sharp."""


def recorded_now() -> tuple[ExamView, tuple[ShownSeries, ...]]:
    """The exam as it is shown now, noted in the audit log with the version of its report.

    Who amends a report looks up who read it. So a version that was replaced before it was noted is not shown.
    """
    access = visit.current_access()
    while True:
        view, shown = shown_now()
        version = view.report.version if view.report and access.parts.report else 0
        visit.record(Action.EXAM_VIEWED, **{SHOWN_REPORT: str(version)})
        if not version or services().exams.reports.newest_version(access.exam_id) == version:
            return view, shown


def exam_values(view: ExamView, shown: tuple[ShownSeries, ...], *, with_help: bool) -> dict[str, Any]:
    """What the exam's page says to patients and to guests. `with_help`: words of the report are explained."""
    parts = visit.current_access().parts
    return {
        "base": visit.base(),
        "exam": _facts(view),
        "parts": parts,
        **report_values(view if parts.report else replace(view, report=None), with_help=with_help),
        "key_images": _with_marked(shown)[:KEY_IMAGES],
        "objects": (listed_objects() if parts.pictures or parts.report else [])
        + (marks_set_aside() if parts.pictures else []),
        "frames_total": _total(shown),
        "in_preparation": _in_preparation(view, shown),
        "csrf_token": visit.csrf_token,
    }


def viewer_page(*, door: str, address: str) -> str:
    """The viewer for patients and for guests. `door`: where an ended session leads to."""
    visit.record_look()
    view, shown = shown_now()
    facts = _facts(view)
    return render_template(
        "patient/viewer.html",
        base=visit.base(),
        facts=f"{facts['patient_name_masked']} {facts['performed_on']}".strip(),
        title=f"{view.body_part} {modality_name(view.modality)}".strip(),
        manifest_json=htmlsafe_json_dumps(shown_manifest()),
        first_frame=_first_frame(shown),
        door=door,
        address=address,
    )


def _first_frame(shown: tuple[ShownSeries, ...]) -> dict[str, Any] | None:
    """The picture that comes inside of the page (at most 10 KB): on a slow line a request for it costs a round trip.
    The frame that the link names, or what a doctor marked, comes first."""
    access = visit.current_access()
    for first in (_asked_image(shown) or _marked(shown, PREVIEW_SIDE) or _key_images(shown[:1], PREVIEW_SIDE))[:1]:
        n, k = first["series_n"], first["frame_k"]
        preview = services().pictures.serving.frame(access.exam_id, access.exam_revision, n, k, preview=True)
        finished = visit.finishing()(preview)
        return first | {"src": "data:image/jpeg;base64," + b64encode(finished).decode()}
    return None


def held_page() -> str:
    """One calm page, shown in place of list, report and pictures while the hospital checks whose they are."""
    return render_template("patient/held.html", base=visit.base(), csrf_token=visit.csrf_token)


def shown_now() -> tuple[ExamView, tuple[ShownSeries, ...]]:
    """The exam, and those of its series that this session may see."""
    access = visit.current_access()
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
    access = visit.current_access()
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
        "src": f"{visit.base()}/series/{n}/frames/{k}.jpg{query}",
        "width": max(1, round(row.columns * scale)),
        "height": max(1, round(row.rows * scale)),
        "alt": row.description or modality_name(row.modality),
    }
