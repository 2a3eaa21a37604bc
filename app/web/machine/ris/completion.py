"""A sender says that a study is complete: its pictures are prepared at once and not after the quiet period. The rules
are in services/pictures."""

from __future__ import annotations

from flask import Response

from app.security.permissions import Scope
from app.web.context import services
from app.web.guards import guarded_blueprint
from app.web.machine.auth import requires_scope
from app.web.machine.dicomweb.addresses import checked_uid

blueprint = guarded_blueprint("completion", __name__, requires_scope(Scope.UPLOAD), url_prefix="/api/v1")


@blueprint.post("/studies/<study_uid>/complete")
def complete(study_uid: str) -> Response:
    """204, also when the study was complete before; 404 for an unknown study. A later instance opens the study
    again."""
    services().pictures.completion.complete_now(checked_uid(study_uid))
    services().waker.wake()
    return Response(status=204)
