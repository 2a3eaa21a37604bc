"""Builds the room services/ingest. Its rules are in app/services/ingest."""

from __future__ import annotations

from dataclasses import dataclass

from app.bootstrap.archive import ArchiveRoom
from app.bootstrap.ground import Ground
from app.dicom.part10 import HeaderLimits
from app.dicom.status import MIB
from app.imaging.header.image_index import index_image
from app.services.exams.matching import Matching
from app.services.ingest.ingest import Ingest
from app.services.ingest.plan import Planner
from app.services.ingest.quarantine import Quarantine
from app.services.ingest.rows import Recorder


@dataclass(frozen=True, kw_only=True)
class IngestRoom:
    ingest: Ingest
    quarantine: Quarantine


def build(ground: Ground, archive: ArchiveRoom, matching: Matching) -> IngestRoom:
    settings = ground.settings
    limits = HeaderLimits(file_bytes=settings.max_instance_mib * MIB)
    planner = Planner(
        db=ground.db,
        archive=archive.objects,
        data_keys=archive.data_keys,
        fields=ground.fields,
        index_image=index_image,
        spool=settings.spool_dir,
        limits=limits,
    )
    recorder = Recorder(
        fields=ground.fields,
        blind=ground.blind,
        audit=ground.audit,
        clock=ground.clock,
        study_changed=matching.study_changed,
        patients_differ=matching.header_differs,
    )
    return IngestRoom(
        ingest=Ingest(db=ground.db, archive=archive.objects, planner=planner, recorder=recorder, limits=limits),
        quarantine=Quarantine(db=ground.db, audit=ground.audit),
    )
