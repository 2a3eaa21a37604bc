"""`/exams/<id>/looks`: who looked at the exam, from the audit log."""

from __future__ import annotations

from flask import Response, jsonify, make_response, render_template, request

from app.clock import CHINA
from app.errors import NotFound
from app.services.audit.looks import Look, LookKind
from app.web.context import services
from app.web.exam import visit
from app.web.exam.masked_names import masked
from app.web.guards import guarded_blueprint
from app.web.patient import session as patient_session

blueprint = guarded_blueprint("patient_looks", __name__, patient_session.shown_page)


@blueprint.get("/exams/<exam_id>/looks")
def looks(exam_id: str) -> Response:
    access = visit.current_access()
    found = services().audit.looks.of(access.exam_id)
    if access.is_helper:
        raise NotFound
    if not access.may_give:  # a relative sees the own looks alone
        mine = access.family.grant_id.hex if access.family else ""
        found = [look for look in found if look.how is LookKind.RELATIVE and look.grant == mine]
    if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json":
        own = masked(services().exams.views.by_id(access.exam_id).patient.name)
        told = [
            {
                "how": look.how,
                "who": own if look.how is LookKind.SELF else who_looked(look),
                "at": look.at.isoformat(timespec="seconds"),
            }
            for look in found
        ]
        return jsonify({"looks": told})
    shown = [
        {
            "how": look.how,
            "who": who_looked(look),
            "action": look.action,
            "at": f"{look.at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}",
        }
        for look in found
    ]
    return make_response(render_template("patient/looks.html", base=visit.base(), looks=shown))


def who_looked(look: Look) -> str:
    """As a page says it: a relative's name is masked."""
    return masked(look.who) if look.how is LookKind.RELATIVE and look.who else look.who
