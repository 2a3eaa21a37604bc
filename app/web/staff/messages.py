"""Messages of which nobody knows whether they arrived: the desk asks the patient and settles them."""

from __future__ import annotations

import uuid

from flask import Response, flash, make_response, redirect, render_template, request

from app.errors import InvalidInput, NotFound
from app.security.permissions import Permission
from app.web.context import services
from app.web.guards import guarded_blueprint
from app.web.staff.session import current_staff, requires

blueprint = guarded_blueprint(
    "staff_messages", __name__, requires(Permission.SETTLE_MESSAGES), url_prefix="/staff/messages"
)
ANSWERS = {"arrived": True, "lost": False}


@blueprint.get("")
def messages() -> str:
    return render_template("staff/messages.html", messages=services().outbox.at_the_desk())


@blueprint.post("/<notification_id>/settle")
def settle(notification_id: str) -> Response:
    """`outcome`: arrived or lost."""
    outcome = request.form.get("outcome", "")
    if outcome not in ANSWERS:
        raise InvalidInput("outcome", "must be arrived or lost")
    try:
        asked = uuid.UUID(hex=notification_id)
    except ValueError:
        raise NotFound from None
    services().outbox.settle(asked, ANSWERS[outcome], current_staff().actor)
    flash("settled")
    return make_response(redirect("/staff/messages", 303))
