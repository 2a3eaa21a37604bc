"""`/hooks/wechat`: what WeChat pushes, or another system forwards. The guard believes it or not; then what became of a
notice goes to services/notifications, and the user is answered at once.
"""

from __future__ import annotations

from flask import Response, g, request

from app.services.channels.wechat import receipt_of
from app.web.body_limits import limit_body
from app.web.context import services
from app.web.guards import guarded_blueprint
from wechat.pushes import Push

LARGEST_BODY = 64 * 1024


def speaks_for_wechat() -> None:
    """Guard: lets in what WeChat signed, in time and for the first time."""
    callback, query = services().wechat.callback, request.args.to_dict()
    if request.method != "POST":
        g.echo = callback.echo(query, request.remote_addr or "")
        return
    limit_body(LARGEST_BODY)
    headers = {name: request.headers.get(name, "") for name in ("X-Relay-Timestamp", "X-Relay-Signature")}
    g.push = callback.read(
        query, request.query_string.decode("latin-1"), headers, request.get_data(), request.remote_addr or ""
    )


blueprint = guarded_blueprint("wechat_hook", __name__, speaks_for_wechat, url_prefix="/hooks")


@blueprint.get("/wechat")
def are_you_there() -> Response:
    return Response(g.echo, mimetype="text/plain")


@blueprint.post("/wechat")
def pushed() -> Response:
    push: Push = g.push
    callback = services().wechat.callback
    if not callback.is_repeated(push):
        services().notifications.receipts.take([receipt_of(job) for job in push.jobs])
        services().wechat.subscriptions.answered(push.openid, push.answers)
    callback.done(push)
    reply = callback.reply(push, request.args.get("nonce", ""))
    return Response(reply, mimetype="application/xml" if reply.startswith("<") else "text/plain")
