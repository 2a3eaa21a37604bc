"""The audit administrator's page: what happened, and whether the log is whole. The log is in services/audit."""

from __future__ import annotations

from flask import Response, make_response, render_template, request

from app.security.permissions import Permission
from app.services.audit.reading import FILTERS
from app.web.context import services
from app.web.guards import guarded_blueprint
from app.web.staff.pages import asked
from app.web.staff.session import requires

blueprint = guarded_blueprint("staff_audit", __name__, requires(Permission.READ_AUDIT), url_prefix="/staff/audit")


@blueprint.get("")
def log() -> str:
    wanted = {name: request.args.get(name, "")[:128].strip() for name in FILTERS}
    page = services().audit.reading.newest(asked("log"), **wanted)
    return render_template("staff/audit.html", page=page, wanted=wanted, faults=None)


@blueprint.post("/verify")
def verify() -> Response:
    faults = services().audit.reading.faults()
    page = services().audit.reading.newest()
    return make_response(render_template("staff/audit.html", page=page, wanted={}, faults=faults))


@blueprint.post("/address-mark")
def address_mark() -> str:
    """The mark of an address that the auditor knows. By POST, so that the address is in no query."""
    address = request.form.get("address", "")[:64]
    page = services().audit.reading.newest()
    mark = services().audit.reading.mark_of(address)
    return render_template("staff/audit.html", page=page, wanted={}, faults=None, mark=mark)
