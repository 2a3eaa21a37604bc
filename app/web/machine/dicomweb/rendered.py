"""Rendered resources (PS3.18 10.4.1.1.3) and thumbnails: pictures made from the original pixels, in a child process.
Drawing is in app/imaging."""

from __future__ import annotations

import re

from flask import Response, abort, request

from app.errors import InvalidInput
from app.security.permissions import Scope
from app.services.dicomweb.render_parameters import FORMATS
from app.services.dicomweb.stored_instance import StoredInstance
from app.web.context import services
from app.web.guards import guarded_blueprint
from app.web.machine.auth import requires_scope
from app.web.machine.dicomweb.media_types import best
from app.web.machine.dicomweb.wado import INSTANCE, SERIES, STUDY, find, wanted

blueprint = guarded_blueprint("rendered", __name__, requires_scope(Scope.READ), url_prefix="/dicomweb")

THUMBNAIL = 256


@blueprint.get(INSTANCE + "/rendered")
@blueprint.get(INSTANCE + "/frames/<frame>/rendered")
def rendered(frame: str = "1", **uids: str) -> Response:
    """One frame as image/jpeg (default) or image/png: the named frame, or else the first."""
    [found] = find(uids, "rendered", with_images=True)
    return _picture(found, _frame(frame), None)


@blueprint.get(STUDY + "/thumbnail")
@blueprint.get(SERIES + "/thumbnail")
@blueprint.get(INSTANCE + "/thumbnail")
@blueprint.get(INSTANCE + "/frames/<frame>/thumbnail")
def thumbnail(frame: str | None = None, **uids: str) -> Response:
    """A small picture of the named frame, or of the middle frame."""
    images = [item for item in find(uids, "thumbnail", with_images=True) if item.row.image_header]
    if not images:
        abort(406)
    found = images[len(images) // 2]
    number = _frame(frame) if frame else (found.row.number_of_frames + 1) // 2
    return _picture(found, number, THUMBNAIL)


def _picture(found: StoredInstance, number: int, longest: int | None) -> Response:
    """Also 406 when the object holds no picture that can be shown: then there is no representation to accept."""
    media_type = best(wanted(), tuple(FORMATS))
    if media_type is None:
        abort(406)
    picture = services().dicomweb.retrieve.render(found, number, media_type, request.args, longest)
    if not picture:
        abort(406)
    return Response(picture, content_type=media_type)


def _frame(text: str) -> int:
    if not re.fullmatch(r"[1-9]\d{0,8}", text):
        raise InvalidInput("frame", "must be a number from 1 on")
    return int(text)
