"""A guest's pages: the exam, the viewer, leaving. They say what the patient's own pages say, of what was chosen."""

from __future__ import annotations

from typing import Any

from flask import Response, make_response, render_template

from app.clock import CHINA
from app.errors import NotFound
from app.services.paper.modality_names import modality_name
from app.web import body_limits
from app.web.context import services
from app.web.exam import visit
from app.web.exam.pages import exam_values, held_page, recorded_now, viewer_page
from app.web.exam.saving import FILES, picture_page, take_page
from app.web.guards import guarded_blueprint
from app.web.guest import session as guest_session
from app.web.guest.tickets import address_for_wechat

blueprint = guarded_blueprint("guest_pages", __name__, guest_session.guest_session)
blueprint.before_request(body_limits.limit_form)

DOOR_OF_DIGITS = "/d"


@blueprint.get("/guest/<exam_id>")
def exam(exam_id: str) -> str:
    access = guest_session.current_guest()
    if access.held:
        return held_page()
    view, shown = recorded_now()
    values = exam_values(view, shown, with_help=access.share_id is not None)
    more = {"guest": _guest(), "to_tell": [], "can_be_told": False, "has_list": False, "looks_as": "guest"}
    return render_template("patient/exam.html", **values, **more, address=address_for_wechat(), shared=None)


@blueprint.get("/guest/<exam_id>/viewer")
def viewer(exam_id: str) -> str:
    access = guest_session.current_guest()
    if access.held:
        return held_page()
    if not access.parts.pictures:
        raise NotFound
    door = DOOR_OF_DIGITS if access.share_id is None else "/"
    return viewer_page(door=door, address=address_for_wechat("viewer"))


@blueprint.get("/guest/<exam_id>/pictures/<int:n>/<int:k>")
def picture(exam_id: str, n: int, k: int) -> str:
    if guest_session.current_guest().held:
        raise NotFound
    return picture_page(n, k)


def take(exam_id: str, name: str) -> Response:
    access = guest_session.current_guest()
    chosen = {"report.pdf": access.parts.report, "images.zip": access.parts.pictures}.get(name, access.parts.originals)
    if access.held or not chosen:
        raise NotFound
    return take_page(name, address_for_wechat(name), is_guest=True)


for _name in FILES:
    blueprint.get(f"/guest/<exam_id>/take/{_name}", defaults={"name": _name})(take)


@blueprint.post("/guest/<exam_id>/leave")
def leave(exam_id: str) -> Response:
    visit.check_csrf()
    return guest_session.end(make_response(render_template("guest/left.html")))


def _guest() -> dict[str, Any]:
    """What the page says of the visit itself."""
    access = guest_session.current_guest()
    return {
        "by_share": access.share_id is not None,
        "priors": [
            {
                "address": guest_session.address_of(prior.session_id),
                "modality_name": modality_name(prior.modality),
                "body_part": prior.body_part,
                "performed_on": f"{prior.performed_at.astimezone(CHINA):%Y-%m-%d}",
            }
            for prior in services().sharing.guests.priors(access)
        ],
    }
