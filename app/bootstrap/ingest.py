"""Builds the room services/ingest. Its rules are in app/services/ingest."""

from __future__ import annotations

from dataclasses import dataclass

from app.bootstrap.archive import ArchiveRoom
from app.bootstrap.ground import Ground
from app.imaging.sandbox.header_pool import HeaderPool
from app.imaging.sandbox.pool import RenderPool
from app.services.archive.same_pixels import SamePixels
from app.services.exams.matching import Matching
from app.services.ingest.corrections import Corrections
from app.services.ingest.described import DescribedObjects
from app.services.ingest.ingest import Ingest
from app.services.ingest.plan import Planner
from app.services.ingest.quarantine import Quarantine
from app.services.ingest.rows import Recorder


@dataclass(frozen=True, kw_only=True)
class IngestRoom:
    ingest: Ingest
    quarantine: Quarantine
    described: DescribedObjects
    reader: HeaderPool


def build(
    ground: Ground, archive: ArchiveRoom, matching: Matching, renderer: RenderPool, reader: HeaderPool
) -> IngestRoom:
    planner = Planner(
        db=ground.db,
        archive=archive.objects,
        data_keys=archive.data_keys,
        fields=ground.fields,
        spool=ground.settings.spool_dir,
        reader=reader,
        same_pixels=SamePixels(renderer=renderer, reader=reader),
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
        ingest=Ingest(db=ground.db, archive=archive.objects, reader=reader, planner=planner, recorder=recorder),
        quarantine=Quarantine(db=ground.db, audit=ground.audit),
        described=DescribedObjects(reader=reader, spool=ground.settings.spool_dir),
        reader=reader,
    )
