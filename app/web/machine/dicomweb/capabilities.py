"""What this service offers (PS3.18 8.9): its addresses and their methods, in WADL or JSON, read off the routes
themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from xml.sax.saxutils import quoteattr

from flask import Response, abort, current_app, jsonify

from app.security.permissions import Scope
from app.web.guards import guarded_blueprint
from app.web.machine.auth import requires_scope
from app.web.machine.dicomweb.addresses import origin
from app.web.machine.dicomweb.compression import gzipped
from app.web.machine.dicomweb.media_types import best
from app.web.machine.dicomweb.resources import wanted

blueprint = guarded_blueprint("capabilities", __name__, requires_scope(Scope.READ), url_prefix="/dicomweb")
blueprint.after_request(gzipped)

WADL, ROOT = "application/vnd.sun.wadl+xml", "/dicomweb/"
TYPES = (WADL, "application/xml", "application/json", "application/dicom+json")


@blueprint.route("/", strict_slashes=False, methods=["GET", "OPTIONS"], provide_automatic_options=False)
def capabilities() -> Response:
    """Every resource with its methods."""
    answer_type = best(wanted(), TYPES)
    if answer_type is None:
        abort(406)
    offered = _offered()
    if answer_type in (WADL, "application/xml"):
        response = Response("".join(_wadl(offered)))
    else:
        response = jsonify([{"path": path, "methods": methods} for path, methods in offered.items()])
    response.headers["Content-Type"] = answer_type
    response.headers["Allow"] = "GET, HEAD, OPTIONS"
    return response


def _offered() -> dict[str, list[str]]:
    """The methods of each address below ours; pieces of an address stand in braces."""
    methods: dict[str, set[str]] = defaultdict(set)
    for rule in current_app.url_map.iter_rules():
        if rule.rule.startswith(ROOT) and rule.rule != ROOT:
            path = rule.rule.removeprefix(ROOT).replace("<path:", "<").replace("<", "{").replace(">", "}")
            methods[path] |= (rule.methods or set()) - {"HEAD", "OPTIONS"}
    return {path: sorted(found) for path, found in sorted(methods.items())}


def _wadl(offered: dict[str, list[str]]) -> Iterator[str]:
    base = quoteattr(origin() + ROOT)
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield f'<application xmlns="http://wadl.dev.java.net/2009/02"><resources base={base}>'
    for path, methods in offered.items():
        content = "".join(f'<method name="{name}"/>' for name in methods)
        yield f"<resource path={quoteattr(path)}>{content}</resource>"
    yield "</resources></application>"
