"""Builds the room services/dicomweb. Its rules are in app/services/dicomweb."""

from __future__ import annotations

from dataclasses import dataclass

from app.bootstrap.archive import ArchiveRoom
from app.bootstrap.ground import Ground
from app.imaging.sandbox.header_pool import HeaderPool
from app.imaging.sandbox.pool import RenderPool
from app.services.audit.refused_fields import RefusedFields
from app.services.dicomweb.explicit_files import ExplicitFiles
from app.services.dicomweb.late_keys import LateKeys
from app.services.dicomweb.query import DicomQuery
from app.services.dicomweb.retrieve import DicomRetrieve
from app.services.dicomweb.stored_headers import StoredHeaders
from app.services.dicomweb.study_names import StudyNames


@dataclass(frozen=True, kw_only=True)
class DicomwebRoom:
    query: DicomQuery
    retrieve: DicomRetrieve
    headers: StoredHeaders
    explicit: ExplicitFiles
    names: StudyNames


def build(ground: Ground, archive: ArchiveRoom, renderer: RenderPool, reader: HeaderPool) -> DicomwebRoom:
    headers = StoredHeaders(archive=archive.objects, reader=reader)
    return DicomwebRoom(
        query=DicomQuery(
            db=ground.db,
            blind=ground.blind,
            fields=ground.fields,
            audit=ground.audit,
            late=LateKeys(blind=ground.blind, fields=ground.fields, data_keys=archive.data_keys, headers=headers),
        ),
        retrieve=DicomRetrieve(
            db=ground.db,
            archive=archive.objects,
            data_keys=archive.data_keys,
            audit=ground.audit,
            renderer=renderer,
        ),
        headers=headers,
        names=StudyNames(
            db=ground.db,
            fields=ground.fields,
            blind=ground.blind,
            refused=RefusedFields(db=ground.db, audit=ground.audit),
        ),
        explicit=ExplicitFiles(
            archive=archive.objects, renderer=renderer, headers=headers, spool=ground.settings.spool_dir
        ),
    )
