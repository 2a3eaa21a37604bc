"""Saving in WeChat: a picture as an ordinary page that a long press saves, and files by way of the system's browser.

WeChat saves neither a canvas nor a blob and downloads nothing. Another browser gets the file at once.
"""

from __future__ import annotations

from flask import Response, make_response, redirect, render_template, request

from app.errors import NotFound
from app.web.guards import guarded_blueprint
from app.web.patient import session as patient_session
from app.web.patient.exams import shown_now
from app.web.patient.images import asked_window
from app.web.patient.tickets import address_for_wechat
from app.web.patient.wechat_view import wechat_view

blueprint = guarded_blueprint("patient_saving", __name__, patient_session.shown_page)


@blueprint.get("/exams/<exam_id>/pictures/<int:n>/<int:k>")
def picture(exam_id: str, n: int, k: int) -> str:
    return picture_page(n, k)


def picture_page(n: int, k: int) -> str:
    """For patients and for guests; under the window that is asked for. Raises NotFound when the session sees no such
    frame, InvalidInput."""
    _, shown = shown_now()
    window = asked_window()
    if not (0 < n <= len(shown) and 0 < k <= shown[n - 1].row.frame_count):
        raise NotFound
    base, row = patient_session.base(), shown[n - 1].row
    query = "" if window is None else f"?wc={window.center:g}&ww={window.width:g}"
    return render_template(
        "patient/picture.html",
        base=base,
        src=f"{base}/series/{n}/frames/{k}.jpg{query}",
        width=row.columns,
        height=row.rows,
        in_wechat=wechat_view(_agent()) is not None,
    )


@blueprint.get("/exams/<exam_id>/take/report.pdf", defaults={"name": "report.pdf"})
@blueprint.get("/exams/<exam_id>/take/images.zip", defaults={"name": "images.zip"})
@blueprint.get("/exams/<exam_id>/take/dicom.zip", defaults={"name": "dicom.zip"})
def take(exam_id: str, name: str) -> Response:
    return take_page(name, address_for_wechat(name))


def take_page(name: str, address: str) -> Response:
    """In WeChat a page whose address opens the file in the system's browser; elsewhere, and without an address, the way
    to the file. For patients and for guests."""
    view, base = wechat_view(_agent()), patient_session.base()
    if view is None or not address:
        return make_response(redirect(f"{base}/{name}", 303))
    return make_response(render_template("patient/take.html", base=base, name=name, view=view, address=address))


def _agent() -> str:
    return request.headers.get("User-Agent", "")
