"""The system administrator's page: jobs that were given up, objects that were refused. It names no patient.
services/queue and services/ingest find them."""

from __future__ import annotations

from flask import Response, flash, make_response, redirect, render_template

from app.security.permissions import Permission
from app.web.context import services
from app.web.guards import guarded_blueprint
from app.web.row_ids import row_id
from app.web.staff.pages import asked
from app.web.staff.session import current_staff, requires

blueprint = guarded_blueprint("staff_system", __name__, requires(Permission.SEE_SYSTEM), url_prefix="/staff/system")


@blueprint.get("")
def system() -> str:
    return render_template(
        "staff/system.html",
        jobs=services().queue.given_up(asked("jobs")),
        quarantine=services().ingest.quarantine.page(current_staff().actor, asked("quarantine")),
    )


@blueprint.post("/jobs/<job_id>/revive")
def revive(job_id: str) -> Response:
    services().queue.revive(row_id(job_id), current_staff().actor)
    flash("revived")
    return make_response(redirect("/staff/system", 303))
