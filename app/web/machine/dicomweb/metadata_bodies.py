"""Uploads of metadata with bulk data apart, in DICOM JSON or XML (PS3.18 8.6.1.2.2): which part is which. Their objects
are made in app/services/ingest/described.py."""

from __future__ import annotations

from collections.abc import Iterator

from app.dicom.header_fields import DeclaredUids
from app.dicom.status import MIB
from app.errors import InvalidInput
from app.services.ingest.described import BulkPart
from app.services.ingest.incoming import IncomingObject
from app.web.context import services
from app.web.machine.dicomweb.multipart_related import Limits, ReceivedPart

METADATA = ("application/dicom+json", "application/json", "application/dicom+xml")
MOST_METADATA_BYTES = 64 * MIB


def objects_of(parts: list[ReceivedPart], declared: DeclaredUids) -> Iterator[IncomingObject]:
    """One object for each data set of the metadata; the caller closes its file before it takes the next. Raises
    InvalidInput for metadata that are none."""
    bulk = {part.location: BulkPart(part.file, part.size, part.transfer_syntax) for part in parts if part.location}
    count = 0
    for part in parts:
        if part.content_type not in METADATA:
            continue
        if part.size > MOST_METADATA_BYTES:
            raise InvalidInput("body", "has too long metadata")
        is_xml = part.content_type.endswith("xml")
        for made in services().ingest.described.of_part(part.file, bulk, declared, is_xml=is_xml):
            count += 1
            if count > Limits.parts:
                made.file.close()
                raise InvalidInput("body", f"describes more than {Limits.parts} objects")
            yield made
