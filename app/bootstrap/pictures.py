"""Builds the room services/pictures, and the children that decode or read headers, for all rooms. Its rules are in
app/services/pictures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import structlog

from app.bootstrap.archive import ArchiveRoom
from app.bootstrap.ground import Ground
from app.dicom.part10 import HeaderLimits
from app.imaging.sandbox.header_pool import HeaderPool
from app.imaging.sandbox.pool import RenderPool
from app.services.pictures.completion import Completion
from app.services.pictures.copying import Copying
from app.services.pictures.evidence import EvidenceReading
from app.services.pictures.frame_reading import FrameReading
from app.services.pictures.header_renewal import HeaderRenewal
from app.services.pictures.layers import Layers
from app.services.pictures.listing import Listing
from app.services.pictures.measuring import Measuring
from app.services.pictures.objects import Objects
from app.services.pictures.preparation import Preparation
from app.services.pictures.renewal import Renewal
from app.services.pictures.serving import Pictures
from app.services.pictures.takeaway import TakeAway
from app.services.pictures.working_copies import WorkingCopies
from app.services.queue.job_queue import JobQueue
from app.services.volumes.volumes import Volumes

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class PicturesRoom:
    completion: Completion
    preparation: Preparation
    copies: WorkingCopies
    copying: Copying
    renewal: Renewal
    serving: Pictures
    objects: Objects
    layers: Layers
    takeaway: TakeAway
    measuring: Measuring
    renderer: RenderPool
    reader: HeaderPool
    """The children that read headers: of what comes in, and of what is stored."""


def build(ground: Ground, archive: ArchiveRoom, queue: JobQueue) -> PicturesRoom:
    settings, db, clock = ground.settings, ground.db, ground.clock
    renderer = RenderPool(settings.decode_workers, settings.decode_time_limit_s, settings.decode_memory_mib << 20)
    limits = HeaderLimits(file_bytes=settings.max_instance_mib << 20)
    reader = HeaderPool(settings.decode_workers, settings.decode_time_limit_s, settings.decode_memory_mib << 20, limits)
    if renderer.not_caged:
        log.warning("decoding children are held by limits alone, not by a list of system calls")
    copies = WorkingCopies(db=db, clock=clock, archive=archive.objects, keep=timedelta(days=settings.working_copy_days))
    evidence = EvidenceReading(archive=archive.objects, reader=reader)
    copying = Copying(
        db=db, clock=clock, archive=archive.objects, data_keys=archive.data_keys, renderer=renderer, queue=queue
    )
    reading = FrameReading(db=db, archive=archive.objects, renderer=renderer, copies=copies, copying=copying)
    objects = Objects(db=db, data_keys=archive.data_keys, evidence=evidence)
    quiet = timedelta(seconds=settings.quiet_period_s)
    serving = Pictures(
        db=db,
        clock=clock,
        archive=archive.objects,
        data_keys=archive.data_keys,
        reading=reading,
        volumes=Volumes(renderer=renderer, most_bytes=settings.volume_memory_mib << 20),
        objects=objects,
        patience=timedelta(hours=settings.report_alone_h),
    )
    return PicturesRoom(
        completion=Completion(db=db, clock=clock, queue=queue, quiet=quiet),
        preparation=Preparation(
            db=db,
            clock=clock,
            archive=archive.objects,
            data_keys=archive.data_keys,
            renderer=renderer,
            headers=HeaderRenewal(db=db, archive=archive.objects, reader=reader),
            listing=Listing(evidence=evidence),
        ),
        copies=copies,
        copying=copying,
        renewal=Renewal(db=db, clock=clock, queue=queue),
        serving=serving,
        measuring=Measuring(db=db, pictures=serving),
        objects=objects,
        takeaway=TakeAway(archive=archive.objects, pictures=serving, reader=reader),
        layers=Layers(archive=archive.objects, renderer=renderer, evidence=evidence, reading=reading),
        renderer=renderer,
        reader=reader,
    )
