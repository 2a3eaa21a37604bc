"""The audit administrator's page: what happened, and whether the log is whole. The log is in services/audit."""

from __future__ import annotations

from flask import Response, make_response, render_template, request

from app.errors import InvalidInput
from app.security.permissions import Permission
from app.services.audit.reading import FILTERS, PAGE
from app.web.context import services
from app.web.guards import guarded_blueprint
from app.web.staff.session import requires

blueprint = guarded_blueprint("staff_audit", __name__, requires(Permission.READ_AUDIT), url_prefix="/staff/audit")


@blueprint.get("")
def log() -> str:
    wanted = {name: request.args.get(name, "")[:128].strip() for name in FILTERS}
    lines = services().audit.reading.newest(_before(), **wanted)
    older = lines[-1].seq if len(lines) == PAGE else None
    return render_template("staff/audit.html", lines=lines, wanted=wanted, older=older, faults=None)


@blueprint.post("/verify")
def verify() -> Response:
    faults = services().audit.reading.faults()
    lines = services().audit.reading.newest(None)
    page = render_template("staff/audit.html", lines=lines, wanted={}, older=None, faults=faults)
    return make_response(page)


@blueprint.post("/address-mark")
def address_mark() -> str:
    """The mark of an address that the auditor knows. By POST, so that the address is in no query."""
    address = request.form.get("address", "")[:64]
    lines = services().audit.reading.newest(None)
    mark = services().audit.reading.mark_of(address)
    return render_template("staff/audit.html", lines=lines, wanted={}, older=None, faults=None, mark=mark)


def _before() -> int | None:
    text = request.args.get("before", "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise InvalidInput("before", "must be a sequence number")
    return int(text)
