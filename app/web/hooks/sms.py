"""The carrier's callback: check the secret, let `sms/tencent` read the body, pass the receipts to
services/notifications.

The vendors sign nothing. They call the address that we registered, so a secret is part of that address.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any, TypeVar

from flask import Response, jsonify, make_response, request

from app.errors import Forbidden, InvalidInput
from app.services.channels.sms import receipt_of
from app.web.body_limits import limit_body
from app.web.context import services
from app.web.guards import guarded_blueprint
from sms.aliyun import callback as aliyun_callback
from sms.errors import InvalidCallback
from sms.gateway import callback as gateway_callback
from sms.replies import Reply
from sms.sender import DeliveryReceipt
from sms.tencent import callback as tencent_callback

LARGEST_BODY = 64 * 1024
Item = TypeVar("Item")


PREFIX = "/hooks/sms"


def knows_the_secret() -> None:
    """Guard: lets in a caller who knows the secret in the hook's address, which is another for each carrier."""
    carrier = request.path.removeprefix(f"{PREFIX}/").partition("/")[0]
    given, secret = request.args.get("secret", ""), services().notifications.sms_hook_secrets.get(carrier, "")
    if not secret or not hmac.compare_digest(given.encode(), secret.encode()):
        raise Forbidden


blueprint = guarded_blueprint("sms_hook", __name__, knows_the_secret, url_prefix=PREFIX)


@blueprint.post("/tencent")
def tencent() -> Response:
    _take(tencent_callback.receipts_of)
    return make_response(jsonify({"result": 0, "errmsg": "OK"}))


@blueprint.post("/aliyun")
def aliyun() -> Response:
    _take(aliyun_callback.receipts_of)
    return make_response(jsonify({"code": 0, "msg": "OK"}))


@blueprint.post("/gateway")
def gateway() -> Response:
    _take(gateway_callback.receipts_of)
    return make_response(jsonify({"ok": True}))


@blueprint.post("/tencent/replies")
def tencent_replies() -> Response:
    """What patients answer: TD ends the news by text message."""
    _take_replies(tencent_callback.replies_of)
    return make_response(jsonify({"result": 0, "errmsg": "OK"}))


@blueprint.post("/aliyun/replies")
def aliyun_replies() -> Response:
    _take_replies(aliyun_callback.replies_of)
    return make_response(jsonify({"code": 0, "msg": "OK"}))


@blueprint.post("/gateway/replies")
def gateway_replies() -> Response:
    _take_replies(gateway_callback.replies_of)
    return make_response(jsonify({"ok": True}))


def _take_replies(replies_of: Callable[[Any], list[Reply]]) -> None:
    """Raises InvalidInput when the body is no list of answers."""
    phones = [reply.phone for reply in _read(replies_of) if reply.asks_to_stop]
    services().notifications.opt_outs.replied(phones)


def _take(receipts_of: Callable[[Any], list[DeliveryReceipt]]) -> None:
    """Raises InvalidInput when the body is no list of receipts."""
    services().notifications.receipts.take([receipt_of(receipt) for receipt in _read(receipts_of)])


def _read(items_of: Callable[[Any], list[Item]]) -> list[Item]:
    limit_body(LARGEST_BODY)
    try:
        return items_of(request.get_json(force=True))
    except RecursionError:
        raise InvalidInput("body", "is nested too deeply") from None
    except InvalidCallback as error:
        raise InvalidInput("body", str(error)) from None
