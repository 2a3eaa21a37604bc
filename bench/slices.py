"""A stored study as the services of pictures see it: slices in order, read from sealed files. No measuring."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from app.archive.sealed import DataKey
from app.bootstrap import Services
from app.imaging.header.image_header import ImageHeader
from app.repos.ingest import studies
from app.repos.pictures import prepared
from app.services.archive.frames import original_frame
from app.services.pictures.stacks import Slice, stacks_of


@dataclass(frozen=True)
class StoredSlices:
    """The slices of one stack, and how to read a frame."""

    services: Services
    data_key: DataKey
    slices: tuple[Slice, ...]

    def header(self, number: int) -> ImageHeader:
        header = self.slices[number].header
        assert header is not None
        return header

    def read(self, number: int) -> bytes:
        """The encoded frame, read from its sealed file."""
        piece = self.slices[number]
        renderer = self.services.pictures.renderer
        return original_frame(
            self.services.archive.objects, renderer, self.data_key, piece.instance, piece.header, piece.frame
        )


def stored_slices(services: Services, study_uid: str) -> StoredSlices:
    """The only stack of a stored study."""
    with services.db.read() as session:
        row = studies.by_uid(session, {study_uid})[study_uid]
        [stack] = stacks_of(prepared.instances_of(session, row.id))
        return StoredSlices(services, services.archive.data_keys.open(session, row.data_key_id), stack.slices)


@contextmanager
def one_core() -> Iterator[None]:
    """Until the block ends, this process and the children it starts use a single core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
