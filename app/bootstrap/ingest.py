"""Builds the room services/ingest. Its rules are in app/services/ingest."""

from __future__ import annotations

from dataclasses import dataclass

from app.bootstrap.archive import ArchiveRoom
from app.bootstrap.ground import Ground
from app.dicom.part10 import HeaderLimits
from app.dicom.status import MIB
from app.imaging.header.image_index import index_image
from app.imaging.sandbox.pool import RenderPool
from app.services.archive.same_pixels import SamePixels
from app.services.exams.matching import Matching
from app.services.ingest.corrections import Corrections
from app.services.ingest.ingest import Ingest
from app.services.ingest.plan import Planner
from app.services.ingest.quarantine import Quarantine
from app.services.ingest.rows import Recorder


@dataclass(frozen=True, kw_only=True)
class IngestRoom:
    ingest: Ingest
    quarantine: Quarantine


def build(ground: Ground, archive: ArchiveRoom, matching: Matching, renderer: RenderPool) -> IngestRoom:
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
        same_pixels=SamePixels(renderer=renderer, limits=limits),
    )
    recorder = Recorder(
        fields=ground.fields,
        blind=ground.blind,
        audit=ground.audit,
        clock=ground.clock,
        study_changed=matching.study_changed,
        corrections=Corrections(fields=ground.fields, blind=ground.blind, audit=ground.audit, follower=matching),
        patients_differ=matching.header_differs,
        instances_rejected=matching.instances_rejected,
    )
    return IngestRoom(
        ingest=Ingest(db=ground.db, archive=archive.objects, planner=planner, recorder=recorder, limits=limits),
        quarantine=Quarantine(db=ground.db, audit=ground.audit),
    )
