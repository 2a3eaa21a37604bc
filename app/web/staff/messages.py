"""Messages that did not arrive.

The outcome of some is unknown: the desk asks the patient and settles them. Others failed, and their patients know
nothing yet: when the cause is fixed, all of them are queued again.
"""

from __future__ import annotations

from flask import Response, flash, make_response, redirect, render_template, request

from app.errors import InvalidInput
from app.security.permissions import Permission
from app.web.context import services
from app.web.guards import guarded, guarded_blueprint
from app.web.row_ids import row_id
from app.web.staff.pages import asked
from app.web.staff.session import current_staff, requires

blueprint = guarded_blueprint(
    "staff_messages", __name__, requires(Permission.SEE_MESSAGES), url_prefix="/staff/messages"
)
ANSWERS = {"arrived": True, "lost": False}


@blueprint.get("")
def messages() -> Response:
    return _page(None, 200)


@blueprint.post("/queue-again")
def queue_again() -> Response:
    """Queue again every message that failed with an alarm or could not be sent for days. Field: `reason`."""
    try:
        services().desk.failed_messages.queue_again(request.form.get("reason", ""), current_staff().actor)
    except InvalidInput as error:
        return _page(error, 400)
    flash("queued_again")
    return make_response(redirect("/staff/messages", 303))


@blueprint.post("/<notification_id>/settle")
@guarded(requires(Permission.SETTLE_MESSAGES))
def settle(notification_id: str) -> Response:
    """Settle one message. Field: `outcome`, arrived or lost."""
    outcome = request.form.get("outcome", "")
    if outcome not in ANSWERS:
        raise InvalidInput("outcome", "must be arrived or lost")
    services().desk.messages.settle(row_id(notification_id), ANSWERS[outcome], current_staff().actor)
    flash("settled")
    return make_response(redirect("/staff/messages", 303))


def _page(fault: InvalidInput | None, status: int) -> Response:
    failed = services().desk.failed_messages
    page = render_template(
        "staff/messages.html",
        messages=services().desk.messages.to_be_settled(asked("desk")),
        failed=failed.newest(asked("failed")),
        unreached=failed.unreached(),
        sendable_again=failed.count_sendable_again(),
        funnel=services().operations.delivery_funnel.last_days(),
        bill=services().operations.delivery_funnel.bill(),
        fault=type(fault).__name__ if fault else None,
    )
    return make_response(page, status)
