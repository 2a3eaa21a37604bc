"""The system administrator's page of rules: which results wait until the desk releases them. services/release judges by
them."""

from __future__ import annotations

from flask import Response, flash, make_response, redirect, render_template, request

from app.errors import Conflict, InvalidInput
from app.security.permissions import Permission
from app.services.release.sensitivity import KINDS
from app.web.context import services
from app.web.guards import guarded_blueprint
from app.web.row_ids import row_id
from app.web.staff.session import current_staff, requires

blueprint = guarded_blueprint("staff_rules", __name__, requires(Permission.EDIT_RULES), url_prefix="/staff/rules")


@blueprint.get("")
def rules() -> Response:
    return _page("", 200)


@blueprint.post("")
def add() -> Response:
    kind, pattern = request.form.get("kind", "")[:16], request.form.get("pattern", "")[:200]
    try:
        services().release.sensitivity.add(kind, pattern, current_staff().actor)
    except InvalidInput:
        return _page("invalid", 400)
    except Conflict:
        return _page("taken", 409)
    flash("rule_added")
    return make_response(redirect("/staff/rules", 303))


@blueprint.post("/<rule_id>/end")
def end(rule_id: str) -> Response:
    services().release.sensitivity.end(row_id(rule_id), current_staff().actor)
    flash("rule_ended")
    return make_response(redirect("/staff/rules", 303))


def _page(fault: str, status: int) -> Response:
    told = services().release.sensitivity.rules()
    return make_response(render_template("staff/rules.html", rules=told, kinds=KINDS, fault=fault), status)
