"""Uploads of metadata with bulk data apart, in DICOM JSON or XML (PS3.18 8.6.1.2.2) -> objects like those of any other
upload. Files are made in app/dicom/from_metadata.py; judging and storing is the ingest service's work."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from app.dicom.from_metadata import BulkPart, write_part10
from app.dicom.header_fields import DeclaredUids
from app.dicom.native_xml import from_xml
from app.dicom.status import MIB
from app.errors import InvalidInput, RefusedObject
from app.services.ingest.incoming import IncomingObject
from app.web.machine.dicomweb.multipart_related import ReceivedPart

METADATA = ("application/dicom+json", "application/json", "application/dicom+xml")
MOST_METADATA_BYTES = 64 * MIB
_IN_MEMORY = 8 * MIB


def objects_of(parts: list[ReceivedPart], declared: DeclaredUids, spool: Path) -> Iterator[IncomingObject]:
    """One object for each data set of the metadata; the caller closes its file before it takes the next. Raises
    InvalidInput for metadata that are none."""
    bulk = {part.location: BulkPart(part.file, part.transfer_syntax) for part in parts if part.location}
    for part in parts:
        if part.content_type not in METADATA:
            continue
        for model in _models(part):
            yield _object(model, bulk, declared, spool)


def _object(model: dict[str, Any], bulk: dict[str, BulkPart], declared: DeclaredUids, spool: Path) -> IncomingObject:
    """An object that cannot be made is refused with its metadata, so that nothing of it is lost."""
    file = cast(BinaryIO, tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=str(spool)))  # noqa: SIM115
    try:
        write_part10(model, bulk, file)
        return IncomingObject(file, declared=declared)
    except RefusedObject as fault:
        file.seek(0)
        file.truncate()
        file.write(json.dumps(model).encode())
        file.seek(0)
        return IncomingObject(file, declared=declared, fault=fault)
    except BaseException:
        file.close()
        raise


def _models(part: ReceivedPart) -> list[dict[str, Any]]:
    if part.size > MOST_METADATA_BYTES:
        raise InvalidInput("body", "has too long metadata")
    text = part.file.read()
    if part.content_type.endswith("xml"):
        return [from_xml(text)]
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidInput("body", "is no JSON") from None
    models = found if isinstance(found, list) else [found]
    if not all(
        isinstance(model, dict) and all(isinstance(element, dict) for element in model.values()) for model in models
    ):
        raise InvalidInput("body", "is no DICOM JSON")
    return models
