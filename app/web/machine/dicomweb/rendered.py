"""Rendered resources (PS3.18 10.4.1.1.3) and thumbnails: pictures made from the original pixels, in a child process.
Drawing is in app/imaging. A structured report is rendered as HTML, an encapsulated PDF as PDF."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from flask import Response, abort, request

from app.dicom.report_html import report_html
from app.errors import InvalidInput
from app.security.permissions import Scope
from app.services.dicomweb.render_parameters import FORMATS
from app.services.dicomweb.stored_instance import StoredInstance
from app.web.context import services
from app.web.guards import guarded_blueprint
from app.web.machine.auth import requires_scope
from app.web.machine.dicomweb.media_types import best
from app.web.machine.dicomweb.multipart_answer import AnswerPart, multipart_answer
from app.web.machine.dicomweb.resources import INSTANCE, SERIES, STUDY, address, find, in_a_place, wanted

blueprint = guarded_blueprint("rendered", __name__, requires_scope(Scope.READ), url_prefix="/dicomweb")

THUMBNAIL = 256
MOST_FRAMES = 100
ENCAPSULATED_PDF, STRUCTURED_REPORTS = "1.2.840.10008.5.1.4.1.1.104.1", "1.2.840.10008.5.1.4.1.1.88."
PDF, HTML = "application/pdf", "text/html"


@blueprint.get(STUDY + "/rendered")
@blueprint.get(SERIES + "/rendered")
def rendered_images(**uids: str) -> Response:
    """A picture of each image in parts; alone, of the middle one."""
    images = _images(find(uids, "rendered", with_images=True))
    media_type = _type_in_parts()
    if media_type is None:
        return _picture(images[len(images) // 2], 1, None)
    return _pictures([(item, 1) for item in images], media_type)


@blueprint.get(INSTANCE + "/rendered")
def rendered(**uids: str) -> Response:
    """The first frame as image/jpeg (default), image/png or image/gif, in parts every frame; a document as it is."""
    [found] = find(uids, "rendered", with_images=True)
    if not found.row.image_header:
        return _document(found)
    media_type = _type_in_parts()
    if media_type is None:
        return _picture(found, 1, None)
    return _pictures([(found, number) for number in range(1, found.row.number_of_frames + 1)], media_type)


@blueprint.get(INSTANCE + "/frames/<frame_list>/rendered")
def rendered_frames(frame_list: str, **uids: str) -> Response:
    """The named frames: one alone or in parts, several in parts."""
    numbers = [_frame(text) for text in frame_list.split(",")]
    if len(numbers) > MOST_FRAMES:
        raise InvalidInput("frame", f"must be at most {MOST_FRAMES} numbers")
    [found] = find(uids, "rendered", with_images=True)
    media_type = _type_in_parts() or (best(wanted(), tuple(FORMATS)) if len(numbers) > 1 and _takes_any() else None)
    if media_type is not None:
        return _pictures([(found, number) for number in numbers], media_type)
    if len(numbers) > 1:
        abort(406)
    return _picture(found, numbers[0], None)


@blueprint.get(STUDY + "/thumbnail")
@blueprint.get(SERIES + "/thumbnail")
@blueprint.get(INSTANCE + "/thumbnail")
@blueprint.get(INSTANCE + "/frames/<frame>/thumbnail")
def thumbnail(frame: str | None = None, **uids: str) -> Response:
    """A small picture of the named frame, or of the middle frame."""
    images = _images(find(uids, "thumbnail", with_images=True))
    found = images[len(images) // 2]
    number = _frame(frame) if frame else (found.row.number_of_frames + 1) // 2
    return _picture(found, number, THUMBNAIL)


def _images(found: list[StoredInstance]) -> list[StoredInstance]:
    """Those with pictures; 406 when there are none: then there is no representation to accept."""
    images = [item for item in found if item.row.image_header]
    if not images:
        abort(406)
    return images


def _type_in_parts() -> str | None:
    """The media type of the parts, for a client that names `multipart/related` before a single picture."""
    for item in wanted():
        if item.name == "multipart/related":
            return next((name for name in FORMATS if item.root in ("", "*/*", "image/*", name)), None)
        if any(item.covers(name) for name in FORMATS):
            return None
    return None


def _takes_any() -> bool:
    return any(item.name == "*/*" for item in wanted())


def _picture(found: StoredInstance, number: int, longest: int | None) -> Response:
    media_type = best(wanted(), tuple(FORMATS))
    if media_type is None:
        abort(406)
    return Response(_drawn(found, number, media_type, longest), content_type=media_type)


def _pictures(wanted_frames: list[tuple[StoredInstance, int]], media_type: str) -> Response:
    """One part a frame. A frame that cannot be shown after the first is left out."""
    first = _drawn(*wanted_frames[0], media_type, None)  # before the answer starts: what is wrong gets a clean answer
    query = request.args

    def parts() -> Iterator[AnswerPart]:
        for at, (found, number) in enumerate(wanted_frames):
            render = services().dicomweb.retrieve.render
            picture = render(found, number, media_type, query, None) if at else first
            if picture:
                yield AnswerPart(media_type, f"{address(found)}/frames/{number}/rendered", [picture])

    return in_a_place([found for found, _ in wanted_frames], lambda: multipart_answer(parts(), media_type))


def _drawn(found: StoredInstance, number: int, media_type: str, longest: int | None) -> bytes:
    picture = services().dicomweb.retrieve.render(found, number, media_type, request.args, longest)
    if not picture:
        abort(406)
    return picture


def _document(found: StoredInstance) -> Response:
    """An encapsulated PDF or a structured report; 406 for other objects without pictures."""
    if found.row.sop_class_uid == ENCAPSULATED_PDF and best(wanted(), (PDF,)):
        value = services().dicomweb.headers.bulk(found, "00420011")
        return Response((value or b"").rstrip(b"\0"), content_type=PDF)
    if not found.row.sop_class_uid.startswith(STRUCTURED_REPORTS) or not best(wanted(), (HTML,)):
        abort(406)
    model = json.loads(services().dicomweb.headers.metadata(found, "").text)
    return Response(report_html(model), content_type="text/html; charset=utf-8")


def _frame(text: str) -> int:
    if not re.fullmatch(r"[1-9]\d{0,8}", text):
        raise InvalidInput("frame", "must be a number from 1 on")
    return int(text)
