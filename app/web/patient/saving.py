"""The addresses of patients for saving in WeChat: a picture's page, and the page that leads a file to another browser.
What they say is in app/web/exam/saving."""

from __future__ import annotations

from flask import Response

from app.web.exam.saving import FILES, picture_page, take_page
from app.web.guards import guarded_blueprint
from app.web.patient import session as patient_session
from app.web.patient.tickets import address_for_wechat

blueprint = guarded_blueprint("patient_saving", __name__, patient_session.shown_page)


@blueprint.get("/exams/<exam_id>/pictures/<int:n>/<int:k>")
def picture(exam_id: str, n: int, k: int) -> str:
    return picture_page(n, k)


def take(exam_id: str, name: str) -> Response:
    return take_page(name, address_for_wechat(name), is_guest=False)


for _name in FILES:
    blueprint.get(f"/exams/<exam_id>/take/{_name}", defaults={"name": _name})(take)
