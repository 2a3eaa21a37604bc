"""Bulk data (PS3.18 10.4.1.1.5): one element at the address that the metadata gives, or all of an instance, series or
study; `/pixeldata` has the pixels alone. Always in little endian."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Response, abort, stream_with_context

from app.dicom.bulk_values import is_path
from app.dicom.explicit_little_endian import EXPLICIT_LITTLE_ENDIAN
from app.dicom.json_metadata import PIXEL_ELEMENTS
from app.errors import InvalidInput, NotFound
from app.security.permissions import Scope
from app.services.dicomweb.explicit_files import as_one_element
from app.services.dicomweb.stored_instance import StoredInstance
from app.web.context import services
from app.web.guards import guarded_blueprint
from app.web.machine.auth import requires_scope
from app.web.machine.dicomweb.media_types import MediaType
from app.web.machine.dicomweb.multipart_answer import AnswerPart, multipart_answer
from app.web.machine.dicomweb.resources import INSTANCE, SERIES, STUDY, find, in_a_place, wanted, with_tag
from app.web.machine.dicomweb.transfer_syntaxes import OCTETS, FrameForm, frame_form
from app.web.machine.dicomweb.wado import frame_bytes, frame_part
from app.web.machine.dicomweb.wado_metadata import bulk_address

blueprint = guarded_blueprint("bulk_data", __name__, requires_scope(Scope.READ), url_prefix="/dicomweb")


@blueprint.get(INSTANCE + "/bulkdata/<path:element>")
def of_element(element: str, **uids: str) -> Response:
    """The value of one element; for the pixel element all frames."""
    element = element.upper()
    if not is_path(element):
        raise InvalidInput("element", "must be eight hexadecimal digits, or such tags with item numbers between them")
    [found] = find(uids, "bulk data", with_images=True)
    if element in PIXEL_ELEMENTS.values():
        return _pixels([found])
    value = services().dicomweb.headers.bulk(found, element)
    if value is None:
        raise NotFound
    chosen = next((item for item in wanted() if item.root in (OCTETS, "*/*", "", "application/*", "multipart/*")), None)
    if chosen is None:
        abort(406)
    if chosen.name in (OCTETS, "application/*"):
        return with_tag(Response(value, content_type=OCTETS), [found], element, len(value))
    return multipart_answer([AnswerPart(OCTETS, bulk_address(found, element), [value])], OCTETS)


@blueprint.get(STUDY + "/bulkdata")
@blueprint.get(SERIES + "/bulkdata")
@blueprint.get(INSTANCE + "/bulkdata")
def all_elements(**uids: str) -> Response:
    """Every element whose value the metadata gives by its address, pixels included."""
    found = find(uids, "bulk data", with_images=True)
    forms = _forms(found, single=False)

    def parts() -> Iterator[AnswerPart]:
        for item in found:
            for path, value in services().dicomweb.headers.all_bulk(item):
                yield AnswerPart(OCTETS, bulk_address(item, path), [value])
            yield from _frames(item, forms)

    return in_a_place(found, lambda: multipart_answer(parts(), OCTETS))


@blueprint.get(STUDY + "/pixeldata")
@blueprint.get(SERIES + "/pixeldata")
@blueprint.get(INSTANCE + "/pixeldata")
def pixel_data(**uids: str) -> Response:
    """All frames of the images."""
    return _pixels([item for item in find(uids, "pixel data", with_images=True) if item.row.number_of_frames])


def _pixels(found: list[StoredInstance]) -> Response:
    """Frame by frame; alone, the whole value of one image."""
    if not found or not any(item.row.number_of_frames for item in found):
        raise NotFound
    forms = _forms(found, single=len(found) == 1)
    form = forms[found[0].row.transfer_syntax_uid]
    frames = found[0].row.number_of_frames
    if not form.is_multipart:
        if form.transfer_syntax != EXPLICIT_LITTLE_ENDIAN and frames > 1:
            abort(406)  # compressed frames that stand behind one another have no borders
        value: Iterator[bytes] = (frame_bytes(found[0], number, form) for number in range(1, frames + 1))
        if form.transfer_syntax == EXPLICIT_LITTLE_ENDIAN:
            value = as_one_element(found[0], value)
        return in_a_place(found, lambda: Response(stream_with_context(value), content_type=form.content_type))
    first = frame_bytes(found[0], 1, form)  # before the answer starts: an unreadable one gets a clean answer

    def parts() -> Iterator[AnswerPart]:
        for item in found:
            yield from _frames(item, forms, first if item is found[0] else None)

    return in_a_place(found, lambda: multipart_answer(parts(), form.media_type))


def _frames(found: StoredInstance, forms: dict[str, FrameForm], first: bytes | None = None) -> Iterator[AnswerPart]:
    for number in range(1, found.row.number_of_frames + 1):
        form = forms[found.row.transfer_syntax_uid]
        yield frame_part(found, number, form, first if number == 1 else None)


def _forms(found: list[StoredInstance], *, single: bool) -> dict[str, FrameForm]:
    """How the frames of each stored transfer syntax go out; 406 when the client takes none."""
    accepted: list[MediaType] = wanted()
    forms = {}
    for syntax in {item.row.transfer_syntax_uid for item in found if item.row.number_of_frames}:
        form = frame_form(syntax, accepted, single=single)
        if form is None:
            abort(406)
        forms[syntax] = form
    return forms
