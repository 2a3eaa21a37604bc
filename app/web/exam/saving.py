"""Saving in WeChat: a picture as an ordinary page that a long press saves, and files by way of the system's browser.
The addresses are in app/web/patient/saving and app/web/guest/pages.

WeChat saves neither a canvas nor a blob and downloads nothing. Another browser gets the file at once.
"""

from __future__ import annotations

from flask import Response, make_response, redirect, render_template, request

from app.errors import NotFound
from app.web.exam import visit
from app.web.exam.asked_pictures import asked_window
from app.web.exam.pages import shown_now
from app.web.exam.wechat_view import wechat_view

FILES = ("report.pdf", "images.zip", "dicom.zip")
"""What another browser is opened for."""


def picture_page(n: int, k: int) -> str:
    """A frame of a series, under the window that is asked for. Raises NotFound when the session sees no such frame,
    InvalidInput."""
    _, shown = shown_now()
    window = asked_window()
    if not (0 < n <= len(shown) and 0 < k <= shown[n - 1].row.frame_count):
        raise NotFound
    base, row = visit.base(), shown[n - 1].row
    query = "" if window is None else f"?wc={window.center:g}&ww={window.width:g}"
    return render_template(
        "patient/picture.html",
        base=base,
        src=f"{base}/series/{n}/frames/{k}.jpg{query}",
        width=row.columns,
        height=row.rows,
        in_wechat=wechat_view(_agent()) is not None,
    )


def take_page(name: str, address: str, *, is_guest: bool) -> Response:
    """In WeChat a page whose address opens the file in the system's browser; elsewhere, and without an address, the way
    to the file."""
    view, base = wechat_view(_agent()), visit.base()
    if view is None or not address:
        return make_response(redirect(f"{base}/{name}", 303))
    values = {"base": base, "name": name, "view": view, "address": address, "is_guest": is_guest}
    return make_response(render_template("patient/take.html", **values))


def _agent() -> str:
    return request.headers.get("User-Agent", "")
