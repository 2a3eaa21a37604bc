"""Metadata of instances (PS3.18 10.4.1.1.2): DICOM JSON, or the Native DICOM Model in XML. Bulk data is given by its
address. Headers are read in app/services/dicomweb/stored_headers.py."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import chain

from flask import Response, abort, stream_with_context

from app.dicom.json_metadata import Metadata
from app.dicom.native_xml import to_xml
from app.security.permissions import Scope
from app.services.dicomweb.stored_instance import StoredInstance
from app.web.context import services
from app.web.guards import guarded_blueprint
from app.web.machine.auth import requires_scope
from app.web.machine.dicomweb.addresses import origin
from app.web.machine.dicomweb.compression import gzipped
from app.web.machine.dicomweb.dicom_xml import XML, xml_answer, xml_in_parts
from app.web.machine.dicomweb.media_types import best
from app.web.machine.dicomweb.resources import INSTANCE, SERIES, STUDY, address, find, wanted, with_tag

blueprint = guarded_blueprint("wado_metadata", __name__, requires_scope(Scope.READ), url_prefix="/dicomweb")
blueprint.after_request(gzipped)

LEFT_OUT = '299 cloudfilm "The first instance has elements that cannot be read and are left out: {}."'
JSON_TYPES = ("application/dicom+json", "application/json")


@blueprint.get(STUDY + "/metadata")
@blueprint.get(SERIES + "/metadata")
@blueprint.get(INSTANCE + "/metadata")
def metadata(**uids: str) -> Response:
    """One object or document for each instance."""
    answer_type = best(wanted(), (*JSON_TYPES, XML), in_parts=XML)
    if answer_type is None:
        abort(406)
    found = find(uids, "metadata", with_images=True)
    headers = services().dicomweb.headers
    first = headers.metadata(found[0], bulk_address(found[0], ""))  # before the answer starts: it can still be 503
    others = headers.metadata_of_all(found[1:], lambda item: bulk_address(item, ""))
    if answer_type == XML:
        documents = _documents(found, chain([first], others))
        response = xml_answer(documents, is_multipart=xml_in_parts(wanted()) or len(found) > 1)
    else:
        response = Response(stream_with_context(_array(first, others)))
        response.content_type = answer_type
    if first.left_out:
        response.headers.add("Warning", LEFT_OUT.format(", ".join(first.left_out)))
    return with_tag(response, found, f"{origin()} {response.mimetype}")


def _array(first: Metadata, others: Iterable[Metadata]) -> Iterator[str]:
    """The JSON array, instance by instance."""
    yield "[" + first.text
    for made in others:
        yield "," + made.text
    yield "]"


def _documents(found: list[StoredInstance], all_made: Iterable[Metadata]) -> Iterator[tuple[str, str]]:
    for item, made in zip(found, all_made, strict=True):
        yield address(item), to_xml(json.loads(made.text))


def bulk_address(found: StoredInstance, path: str) -> str:
    return f"{address(found)}/bulkdata/{path}"
