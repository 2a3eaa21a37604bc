"""Answers in the Native DICOM Model (PS3.18 F.1, PS3.19 A.1): one document a part. The XML itself is made in
app/dicom/native_xml.py."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Response

from app.web.machine.dicomweb.media_types import MediaType
from app.web.machine.dicomweb.multipart_answer import AnswerPart, multipart_answer

XML = "application/dicom+xml"


def xml_in_parts(wanted: list[MediaType]) -> bool:
    """Whether the client that gets XML wants it in parts, as PS3.18 has it, and not alone."""
    named = [item for item in wanted if XML in (item.name, item.root)]
    return not named or named[0].name == "multipart/related"


def xml_answer(documents: Iterable[tuple[str, str]], *, is_multipart: bool) -> Response:
    """`documents`: address and XML of each. Alone, there must be exactly one."""
    if is_multipart:
        parts = (AnswerPart(XML, location, [document.encode()]) for location, document in documents)
        return multipart_answer(parts, XML)
    [(_, document)] = documents
    return Response(document, content_type=XML)
