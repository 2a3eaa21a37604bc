"""STOW-RS (PS3.18 10.5): takes instances from a streamed multipart body. app/services/ingest stores them.

Memory never holds a study: parts are handed over in batches, and a batch is durable before the next is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from flask import Flask, Response, abort, current_app, jsonify, request

from app.dicom.header_fields import DeclaredUids
from app.dicom.native_xml import to_xml
from app.dicom.refusals import Refusal
from app.dicom.status import CANNOT_UNDERSTAND, MIB
from app.errors import InvalidInput, RefusedObject
from app.security.permissions import Scope
from app.services.ingest.incoming import OVERSIZED, DoorName, IncomingObject, Outcome, Refused
from app.web.callers import of_caller
from app.web.context import services
from app.web.guards import guarded_blueprint
from app.web.machine.auth import caller, requires_scope
from app.web.machine.dicomweb.addresses import checked_uid, retrieve_url
from app.web.machine.dicomweb.dicom_xml import XML
from app.web.machine.dicomweb.media_types import MediaType, accepted, best
from app.web.machine.dicomweb.metadata_bodies import METADATA, objects_of
from app.web.machine.dicomweb.multipart_related import Limits, ReceivedPart, read_parts
from app.web.machine.dicomweb.preamble import WithoutPreamble
from app.web.machine.dicomweb.single_body import read_single, unpacked
from app.web.machine.dicomweb.transfer_syntaxes import DICOM
from app.web.wsgi.thread_places import Places

_PLACES = "cloudfilm.uploads"
blueprint = guarded_blueprint("stow", __name__, requires_scope(Scope.UPLOAD), url_prefix="/dicomweb")

BATCH_PARTS = 32
BATCH_BYTES = 64 * MIB
ANSWERS = ("application/dicom+json", "application/json", XML)
WHOLE_BODIES = (DICOM, "application/dicom+json", XML)
"""Types of an upload that is one object: `application/json` may be anything, so it is metadata only beside parts."""
NOT_DICOM = RefusedObject(Refusal.NOT_DICOM_PART, CANNOT_UNDERSTAND)


def install(app: Flask) -> None:
    """An upload keeps a thread until it has arrived, so uploads get at most three eighths of the threads."""
    threads = app.extensions["cloudfilm"].settings.web_threads
    app.extensions[_PLACES] = Places(max(1, threads * 3 // 8))


@blueprint.post("/studies")
@blueprint.post("/studies/<study_uid>")
def store(study_uid: str | None = None) -> Response:
    """200 all stored, 202 some, 409 none; 400 broken body, 406, 415; 503 when no place is free. Parts that came before
    a break stay stored."""
    answer_type = best(accepted(request.headers.get("Accept")), ANSWERS, in_parts=XML)
    if answer_type is None:
        abort(406)
    declared = DeclaredUids(study_instance_uid=None if study_uid is None else checked_uid(study_uid))
    places: Places = current_app.extensions[_PLACES]
    # Counted after the token is known: a client without a token never takes a place.
    with places.place(of_caller(places, f"machine:{caller().name}")):
        outcomes = _received(declared)
    if not outcomes:
        raise InvalidInput("body", "has no parts")
    return _answer(outcomes, answer_type, study_uid)


def _received(declared: DeclaredUids) -> list[Outcome]:
    body = unpacked(request.stream, request.headers.get("Content-Encoding", ""))
    content_type, spool = MediaType.parse(request.headers.get("Content-Type", "")), services().settings.spool_dir
    if content_type.name in WHOLE_BODIES:
        single = read_single(body, _limits(), spool, content_type.name)
        return (
            _stored_in_batches(single, declared)
            if content_type.name == DICOM
            else _stored_of_metadata(single, declared)
        )
    boundary = _boundary(content_type)
    parts = read_parts(WithoutPreamble(body, boundary), boundary, _limits(), spool)
    if content_type.root in METADATA:
        return _stored_of_metadata(parts, declared)
    return _stored_in_batches(parts, declared)


def _stored_in_batches(parts: Iterator[ReceivedPart], declared: DeclaredUids) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for batch in _batches(parts):
        try:
            outcomes += _handed_over([_incoming(part, declared) for part in batch])
        finally:
            for part in batch:
                part.file.close()
    return outcomes


def _stored_of_metadata(received: Iterator[ReceivedPart], declared: DeclaredUids) -> list[Outcome]:
    """The objects one by one; their bulk data may stand in any later part, so all parts come first."""
    outcomes: list[Outcome] = []
    parts: list[ReceivedPart] = []
    most = _limits().part_bytes
    try:
        for part in received:
            parts.append(part)
            if part.oversized or sum(item.size for item in parts) > most:
                raise InvalidInput("body", "is larger than an instance may be")
        for source in objects_of(parts, declared):
            with source.file:
                outcomes += _handed_over([source])
    finally:
        for part in parts:
            part.file.close()
    return outcomes


def _handed_over(sources: list[IncomingObject]) -> list[Outcome]:
    return services().ingest.ingest.receive(sources, DoorName.STOW, f"machine:{caller().name}")


def _limits() -> Limits:
    return Limits(part_bytes=services().settings.max_instance_mib * MIB)


def _boundary(content_type: MediaType) -> str:
    if content_type.name != "multipart/related" or content_type.root not in ("", DICOM, *METADATA):
        abort(415)
    boundary = content_type.parameters.get("boundary", "")
    if not boundary:
        raise InvalidInput("Content-Type", "names no boundary")
    return boundary


def _batches(parts: Iterable[ReceivedPart]) -> Iterator[list[ReceivedPart]]:
    """Batches of at most BATCH_PARTS parts and about BATCH_BYTES. A broken body ends after its last whole part."""
    batch: list[ReceivedPart] = []
    fault: InvalidInput | None = None
    try:
        for part in parts:
            batch.append(part)
            if len(batch) == BATCH_PARTS or sum(item.size for item in batch) >= BATCH_BYTES:
                yield batch
                batch = []
    except InvalidInput as error:
        fault = error
    if batch:
        yield batch
    if fault is not None:
        raise fault


def _incoming(part: ReceivedPart, declared: DeclaredUids) -> IncomingObject:
    fault = None
    if part.oversized:
        fault = OVERSIZED
    elif part.content_type not in ("", DICOM):
        fault = NOT_DICOM
    return IncomingObject(part.file, declared=declared, fault=fault)


def _answer(outcomes: list[Outcome], answer_type: str, study_uid: str | None) -> Response:
    refused = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    status = 200 if not refused else 409 if len(refused) == len(outcomes) else 202
    model = store_response(outcomes, study_uid)
    response = Response(to_xml(model)) if answer_type == XML else jsonify(model)
    response.status_code = status
    response.content_type = answer_type
    return response


def store_response(outcomes: list[Outcome], study_uid: str | None) -> dict[str, Any]:
    """The Store Instances Response (PS3.18 table I.1-1) as DICOM JSON. Objects without UIDs are Other Failures."""
    stored = [_reference(outcome, _location(outcome)) for outcome in outcomes if not isinstance(outcome, Refused)]
    refused = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    failed = [_reference(item, _reason(item)) for item in refused if item.sop_instance_uid]
    other = [_reason(item) for item in refused if not item.sop_instance_uid]
    answer: dict[str, Any] = {}
    if study_uid:
        answer["00081190"] = {"vr": "UR", "Value": [retrieve_url(study_uid)]}
    for tag, items in (("00081198", failed), ("00081199", stored), ("0008119A", other)):
        if items:
            answer[tag] = {"vr": "SQ", "Value": items}
    return answer


def _reference(outcome: Outcome, more: dict[str, Any]) -> dict[str, Any]:
    return {
        "00081150": {"vr": "UI", "Value": [outcome.sop_class_uid]},
        "00081155": {"vr": "UI", "Value": [outcome.sop_instance_uid]},
        **more,
    }


def _location(outcome: Outcome) -> dict[str, Any]:
    assert outcome.study_instance_uid is not None
    address = retrieve_url(outcome.study_instance_uid, outcome.series_instance_uid, outcome.sop_instance_uid)
    return {"00081190": {"vr": "UR", "Value": [address]}}


def _reason(outcome: Refused) -> dict[str, Any]:
    return {"00081197": {"vr": "US", "Value": [outcome.dicom_code]}}
