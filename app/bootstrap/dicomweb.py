"""Builds the room services/dicomweb. Its rules are in app/services/dicomweb."""

from __future__ import annotations

from dataclasses import dataclass

from app.bootstrap.archive import ArchiveRoom
from app.bootstrap.ground import Ground
from app.imaging.sandbox.pool import RenderPool
from app.services.dicomweb.query import DicomQuery
from app.services.dicomweb.retrieve import DicomRetrieve
from app.services.dicomweb.stored_headers import StoredHeaders


@dataclass(frozen=True, kw_only=True)
class DicomwebRoom:
    query: DicomQuery
    retrieve: DicomRetrieve
    headers: StoredHeaders


def build(ground: Ground, archive: ArchiveRoom, renderer: RenderPool) -> DicomwebRoom:
    return DicomwebRoom(
        query=DicomQuery(db=ground.db, blind=ground.blind, fields=ground.fields, audit=ground.audit),
        retrieve=DicomRetrieve(
            db=ground.db,
            archive=archive.objects,
            data_keys=archive.data_keys,
            audit=ground.audit,
            renderer=renderer,
        ),
        headers=StoredHeaders(archive=archive.objects),
    )
