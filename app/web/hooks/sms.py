"""The carrier's callback: check the secret, hand the receipts over, answer as the carrier expects.

The vendor signs nothing. It calls the address that we registered, so the secret is part of that address.
"""

from __future__ import annotations

import hmac

from flask import Response, jsonify, make_response, request

from app.errors import Forbidden, InvalidInput
from app.web.body_limits import limit_body
from app.web.context import services
from app.web.guards import guarded_blueprint

LARGEST_BODY = 64 * 1024


def knows_the_secret() -> None:
    """Guard: lets in a caller who knows the secret in the hook's address."""
    given = request.args.get("secret", "").encode()
    if not hmac.compare_digest(given, services().notifications.sms_hook_secret.encode()):
        raise Forbidden


blueprint = guarded_blueprint("sms_hook", __name__, knows_the_secret, url_prefix="/hooks/sms")


@blueprint.post("/tencent")
def tencent() -> Response:
    limit_body(LARGEST_BODY)
    try:
        items = request.get_json(force=True)
    except RecursionError:
        raise InvalidInput("body", "is nested too deeply") from None
    services().notifications.receipts.take_callback(items)
    return make_response(jsonify({"result": 0, "errmsg": "OK"}))
