"""WADO-RS (PS3.18 10.4): instances and frames, streamed. Reading is in app/services/dicomweb.

Metadata are in `wado_metadata`, bulk data in `bulk_data`, pictures made from pixels in `rendered`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from flask import Response, abort

from app.dicom.explicit_little_endian import EXPLICIT_LITTLE_ENDIAN
from app.errors import InvalidInput, NotFound
from app.security.permissions import Scope
from app.services.dicomweb.stored_instance import StoredInstance
from app.web.context import services
from app.web.guards import guarded_blueprint
from app.web.machine.auth import requires_scope
from app.web.machine.dicomweb.multipart_answer import AnswerPart, FileContent, multipart_answer
from app.web.machine.dicomweb.resources import INSTANCE, SERIES, STUDY, address, find, in_a_place, wanted, with_tag
from app.web.machine.dicomweb.transfer_syntaxes import (
    DICOM,
    FrameForm,
    InstancesForm,
    frame_form,
    instances_form,
)

blueprint = guarded_blueprint("wado", __name__, requires_scope(Scope.READ), url_prefix="/dicomweb")

MAX_FRAME_LIST = 2000


@blueprint.get(STUDY)
@blueprint.get(SERIES)
@blueprint.get(INSTANCE)
def retrieve(**uids: str) -> Response:
    """Part-10 files: in Explicit VR Little Endian, or as they were received (`transfer-syntax=*`)."""
    found = find(uids, "instances", with_images=True)
    stored = {item.row.transfer_syntax_uid for item in found}
    only_headers = not any(item.row.number_of_frames for item in found)
    form = instances_form(stored, wanted(), single="sop_uid" in uids, only_headers=only_headers)
    if form is None:
        abort(406)
    if not form.is_multipart:
        return in_a_place(found, lambda: _alone(found[0], form))
    if form.is_strict and "sop_uid" in uids:
        part = _part(found[0], form)  # before the answer starts: a client that wants nothing else gets a clean 406
        return in_a_place(found, lambda: multipart_answer([part], DICOM))
    parts = (_part(item, form) for item in found)
    return in_a_place(found, lambda: multipart_answer(parts, DICOM))


@blueprint.get(INSTANCE + "/frames/<frame_list>")
def frames(frame_list: str, **uids: str) -> Response:
    """Frames by number from 1, decoded or as they are encoded in the file."""
    numbers = _frame_list(frame_list)
    [found] = find(uids, "frames", with_images=True)
    if max(numbers) > found.row.number_of_frames:
        raise NotFound
    form = frame_form(found.row.transfer_syntax_uid, wanted(), single=len(numbers) == 1)
    if form is None:
        abort(406)
    first = frame_bytes(found, numbers[0], form)  # before the answer starts: an unreadable one gets a clean answer
    if not form.is_multipart:
        response = Response(first, content_type=form.content_type)
        return with_tag(response, [found], f"{form} {numbers}", len(first))
    parts = (frame_part(found, number, form, first if number == numbers[0] else None) for number in numbers)
    return in_a_place([found], lambda: multipart_answer(parts, form.media_type))


def frame_part(found: StoredInstance, number: int, form: FrameForm, content: bytes | None = None) -> AnswerPart:
    def pieces() -> Iterator[bytes]:
        yield frame_bytes(found, number, form) if content is None else content

    return AnswerPart(form.content_type, f"{address(found)}/frames/{number}", pieces())


def frame_bytes(found: StoredInstance, number: int, form: FrameForm) -> bytes:
    """Raises NotFound for a frame that the object does not hold. A frame that does not decode is 406: the client may
    still accept it as it is stored."""
    if not form.is_decoded:
        return services().dicomweb.retrieve.frame(found, number)
    frame = services().dicomweb.explicit.frame(found, number)
    if frame is None:
        abort(406)
    return frame.pixels


def _alone(found: StoredInstance, form: InstancesForm) -> Response:
    syntax, file = _converted(found, form)
    body = services().dicomweb.retrieve.stream(found) if file is None else FileContent(file)
    length = found.row.size if file is None else _length(file)
    response = Response(body)
    response.headers["Content-Type"] = _dicom_type(syntax)
    return with_tag(response, [found], syntax, length)


def _part(found: StoredInstance, form: InstancesForm) -> AnswerPart:
    syntax, file = _converted(found, form)
    pieces = services().dicomweb.retrieve.stream(found) if file is None else FileContent(file)
    return AnswerPart(_dicom_type(syntax), address(found), pieces)


def _converted(found: StoredInstance, form: InstancesForm) -> tuple[str, BinaryIO | None]:
    """The transfer syntax that is sent, and the converted file; None when the stored one is sent."""
    stored = found.row.transfer_syntax_uid
    if form.syntaxes[stored] != EXPLICIT_LITTLE_ENDIAN or stored == EXPLICIT_LITTLE_ENDIAN:
        return stored, None
    file = services().dicomweb.explicit.file(found)
    if file is None and form.is_strict:
        abort(406)
    return (stored, None) if file is None else (EXPLICIT_LITTLE_ENDIAN, file)


def _length(file: BinaryIO) -> int:
    length = file.seek(0, 2)
    file.seek(0)
    return length


def _dicom_type(syntax: str) -> str:
    return f"{DICOM}; transfer-syntax={syntax}"


def _frame_list(text: str) -> list[int]:
    if not re.fullmatch(r"[1-9]\d{0,8}(,[1-9]\d{0,8})*", text):
        raise InvalidInput("frames", "must be numbers from 1 on, separated by commas")
    numbers = [int(number) for number in text.split(",")]
    if len(numbers) > MAX_FRAME_LIST:
        raise InvalidInput("frames", f"must be at most {MAX_FRAME_LIST}")
    return numbers
