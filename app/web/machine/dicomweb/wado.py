"""WADO-RS (PS3.18 10.4): instances, metadata, frames and bulk data, streamed. Reading is in
app/services/dicomweb/retrieve.py.

Pictures made from pixels are in `rendered`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial

from flask import Response, abort, request, stream_with_context

from app.dicom.bulk_values import bulk_value, is_path
from app.dicom.json_metadata import PIXEL_ELEMENTS, Metadata
from app.dicom.status import MIB
from app.errors import InvalidInput, NotFound
from app.security.permissions import Scope
from app.services.dicomweb.stored_instance import StoredInstance
from app.web.context import services
from app.web.downloads import for_a_machine
from app.web.guards import guarded_blueprint
from app.web.machine.auth import caller, requires_scope
from app.web.machine.dicomweb.addresses import checked_uid, retrieve_url
from app.web.machine.dicomweb.media_types import MediaType, accepted, best
from app.web.machine.dicomweb.multipart_answer import AnswerPart, multipart_answer
from app.web.machine.dicomweb.transfer_syntaxes import OCTETS, frame_media_type, frame_syntax, instances_accepted

blueprint = guarded_blueprint("wado", __name__, requires_scope(Scope.READ), url_prefix="/dicomweb")

STUDY = "/studies/<study_uid>"
SERIES = STUDY + "/series/<series_uid>"
INSTANCE = SERIES + "/instances/<sop_uid>"
LEFT_OUT = '299 cloudfilm "The first instance has elements that cannot be read and are left out: {}."'
JSON_TYPES = ("application/dicom+json", "application/json")
MAX_FRAME_LIST = 2000
HELD_BY_PROXY = 2 * MIB
"""Bytes of an answer that nginx takes at once, however slow its reader is (`proxy_buffers` in deploy/nginx.conf)."""


@blueprint.get(STUDY)
@blueprint.get(SERIES)
@blueprint.get(INSTANCE)
def retrieve(**uids: str) -> Response:
    """The Part-10 files as they were received."""
    found = find(uids, "instances")
    stored = {item.row.transfer_syntax_uid for item in found}
    form = instances_accepted(stored, wanted(), single="sop_uid" in uids)
    if form is None:
        abort(406)
    if form.name == "application/dicom":
        return _in_a_place(found, lambda: _one_file(found[0]))
    parts = (AnswerPart(_dicom_type(item), address(item), services().dicomweb.retrieve.stream(item)) for item in found)
    return _in_a_place(found, lambda: multipart_answer(parts, "application/dicom"))


@blueprint.get(STUDY + "/metadata")
@blueprint.get(SERIES + "/metadata")
@blueprint.get(INSTANCE + "/metadata")
def metadata(**uids: str) -> Response:
    """DICOM JSON, one object for each instance. Bulk data is given by its address."""
    answer_type = best(wanted(), JSON_TYPES)
    if answer_type is None:
        abort(406)
    found = find(uids, "metadata", with_images=True)
    first = _metadata(found[0])  # before the answer starts: its header can still say what is left out, or 503
    response = Response(stream_with_context(_array(first, found[1:])))
    response.content_type = answer_type
    if first.left_out:
        response.headers.add("Warning", LEFT_OUT.format(", ".join(first.left_out)))
    return response


@blueprint.get(INSTANCE + "/frames/<frame_list>")
def frames(frame_list: str, **uids: str) -> Response:
    """Frames by number from 1, as they are encoded in the file."""
    numbers = _frame_list(frame_list)
    [found] = find(uids, "frames", with_images=True)
    return _frames(found, numbers)


@blueprint.get(INSTANCE + "/bulkdata/<path:element>")
def bulk_data(element: str, **uids: str) -> Response:
    """The value of one element, in little endian; for the pixel element all frames."""
    element = element.upper()
    if not is_path(element):
        raise InvalidInput("element", "must be eight hexadecimal digits, or such tags with item numbers between them")
    [found] = find(uids, "bulk data", with_images=True)
    if element in PIXEL_ELEMENTS.values():
        return _frames(found, range(1, found.row.number_of_frames + 1))
    if not any(item.root in (OCTETS, "*/*", "", "application/*") for item in wanted()):
        abort(406)
    value = bulk_value(services().dicomweb.headers.read(found).dataset, element)
    if value is None:
        raise NotFound
    return multipart_answer([AnswerPart(OCTETS, bulk_address(found, element), [value])], OCTETS)


def wanted() -> list[MediaType]:
    return accepted(request.headers.get("Accept"), request.args.get("accept"))


def find(uids: dict[str, str], what: str, *, with_images: bool = False) -> list[StoredInstance]:
    """Find what the address names. Raises InvalidInput, NotFound."""
    ordered = tuple(checked_uid(uids[key]) for key in ("study_uid", "series_uid", "sop_uid") if key in uids)
    return services().dicomweb.retrieve.find(ordered, f"machine:{caller().name}", what, with_images=with_images)


def address(found: StoredInstance) -> str:
    return retrieve_url(found.study_uid, found.series_uid, found.sop_uid)


def _in_a_place(found: list[StoredInstance], begin: Callable[[], Response]) -> Response:
    """An answer that the proxy in front holds whole keeps no thread and needs no place."""
    if sum(item.row.size for item in found) <= HELD_BY_PROXY:
        return begin()
    return for_a_machine(f"machine:{caller().name}", begin)


def _one_file(found: StoredInstance) -> Response:
    response = Response(services().dicomweb.retrieve.stream(found))
    response.headers["Content-Type"] = _dicom_type(found)
    response.headers["Content-Length"] = str(found.row.size)
    return response


def _frames(found: StoredInstance, numbers: range | list[int]) -> Response:
    if not numbers or max(numbers) > found.row.number_of_frames:
        raise NotFound
    media_type = frame_media_type(found.row.transfer_syntax_uid, wanted())
    if media_type is None:
        abort(406)
    content_type = f"{media_type}; transfer-syntax={frame_syntax(found.row.transfer_syntax_uid)}"
    read = services().dicomweb.retrieve.frame
    first = read(found, numbers[0])  # before the answer starts: an unreadable frame can still get a clean 404

    def pieces(number: int) -> Iterator[bytes]:
        yield first if number == numbers[0] else read(found, number)

    parts = (AnswerPart(content_type, f"{address(found)}/frames/{number}", pieces(number)) for number in numbers)
    return _in_a_place([found], lambda: multipart_answer(parts, media_type))


def _frame_list(text: str) -> list[int]:
    if not re.fullmatch(r"[1-9]\d{0,8}(,[1-9]\d{0,8})*", text):
        raise InvalidInput("frames", "must be numbers from 1 on, separated by commas")
    numbers = [int(number) for number in text.split(",")]
    if len(numbers) > MAX_FRAME_LIST:
        raise InvalidInput("frames", f"must be at most {MAX_FRAME_LIST}")
    return numbers


def _metadata(found: StoredInstance) -> Metadata:
    return services().dicomweb.headers.metadata(found, partial(bulk_address, found))


def _array(first: Metadata, others: list[StoredInstance]) -> Iterator[str]:
    """The JSON array, instance by instance."""
    yield "[" + first.text
    for item in others:
        yield "," + _metadata(item).text
    yield "]"


def bulk_address(found: StoredInstance, path: str) -> str:
    return f"{address(found)}/bulkdata/{path}"


def _dicom_type(found: StoredInstance) -> str:
    return f"application/dicom; transfer-syntax={found.row.transfer_syntax_uid}"
