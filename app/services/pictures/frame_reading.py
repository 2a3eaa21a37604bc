"""Frames of a prepared series for those who draw them anew: read from the working copy, else from the originals."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from functools import cached_property

from app.archive.sealed import DataKey, PackIndex, SealedArchive
from app.caches.lru import LruCache
from app.database import Database
from app.errors import NotFound, ObjectMissing
from app.imaging.display.presenting import presented_header
from app.imaging.display.render_spec import RenderSpec, RenderTask
from app.imaging.geometry.cuts import Cuts, cuts_of
from app.imaging.header.image_header import ImageHeader
from app.imaging.header.presentation import Presentation
from app.imaging.sandbox.pool import RenderPool
from app.models import Instance, PreparedSeries
from app.repos.pictures import prepared as repo
from app.repos.pictures import working_packs
from app.services.archive.frames import drawn, frame_task
from app.services.pictures.copying import Copying
from app.services.pictures.working_copies import CopiesOfSeries, WorkingCopies, copy_header, may_have_copy
from app.services.volumes.plan import VolumePlan
from app.services.volumes.volumes import Read, copy_header_of

NEWS_S = 5
"""How often a process looks whether a series without copies has some now: who windows one slice soon windows more."""
KEPT_BYTES, ROW_BYTES = 16 << 20, 8192
"""Of rows of instances in memory, and about how much one takes without its index of frames."""


@dataclass(frozen=True)
class ShownSeries:
    """One prepared series that a patient may see, with everything that is needed to read its frames."""

    row: PreparedSeries
    data_key: DataKey
    copies: CopiesOfSeries

    @cached_property
    def previews(self) -> PackIndex:
        return PackIndex.from_bytes(self.row.preview_index)

    @cached_property
    def frames(self) -> PackIndex:
        return PackIndex.from_bytes(self.row.frame_index)

    @cached_property
    def plan(self) -> VolumePlan | None:
        """The volume that the frames make."""
        return VolumePlan.from_json(self.row.volume) if self.row.volume is not None else None

    @cached_property
    def cuts(self) -> Cuts:
        """The cuts of the volume. A volume that is made coarser to fit into memory keeps them."""
        assert self.plan is not None
        return cuts_of(self.plan.geometry)


@dataclass(frozen=True, kw_only=True)
class FrameReading:
    """Decides where a frame's pixels come from. Raises NotFound, StoreUnavailable."""

    db: Database
    archive: SealedArchive
    renderer: RenderPool
    copies: WorkingCopies
    copying: Copying
    _stored: LruCache[tuple[uuid.UUID, str], Instance] = field(
        default_factory=lambda: LruCache(KEPT_BYTES, weight=lambda row: ROW_BYTES + len(row.frame_index or b""))
    )

    _later: LruCache[tuple[uuid.UUID, int], CopiesOfSeries] = field(default_factory=lambda: LruCache(4096))

    def drawn(self, series: ShownSeries, k: int, spec: RenderSpec, look: Presentation | None = None) -> bytes:
        """One picture of frame k, from 1, as a presentation state wants it. Empty when the frame cannot be shown."""
        instance, frame = self.stored(series, k)
        if instance.image_header is None:
            return b""
        header = ImageHeader.from_json(instance.image_header)
        token = f"{instance.id.hex}:{frame}"
        if look is not None:  # a child keeps with the pixels the window that their own tables give
            header, token = presented_header(header.of_frame(frame), look), f"{token}:presented"
        copies = self._copies_of(series)
        if copies.has(k):
            self.copies.mark_used(series.row.id)  # a child may still keep the pixels, and then reads nothing
            task = RenderTask(
                copy_header(header.of_frame(frame)), lambda: self.copies.read(copies, k), frame, (spec,), token
            )
            try:
                return drawn(self.renderer, task)
            except ObjectMissing:  # deleted since this process read its row: the original is there
                pass
        if may_have_copy(header):
            self.copying.ask(series.row.id)
        return drawn(self.renderer, frame_task(self.archive, series.data_key, instance, header, frame, (spec,), token))

    def of_volume(self, series: ShownSeries, plan: VolumePlan) -> Read:
        """Reads the frames of a series' volume, one after the other."""
        header, copies, is_asked = copy_header_of(plan), self._copies_of(series), False

        def read(at: int, specs: tuple[RenderSpec, ...]) -> RenderTask:
            nonlocal is_asked
            if copies.has(at + 1):
                try:
                    return RenderTask(header, self.copies.read(copies, at + 1), 0, specs)
                except ObjectMissing:
                    pass
            instance, frame = self.stored(series, at + 1)
            original = ImageHeader.from_json(instance.image_header or {})
            if may_have_copy(original) and not is_asked:
                is_asked = True  # once for all slices: a busy database may make each question wait
                self.copying.ask(series.row.id)
            return frame_task(self.archive, series.data_key, instance, original, frame, specs)

        return read

    def _copies_of(self, series: ShownSeries) -> CopiesOfSeries:
        if series.copies.packs:
            return series.copies
        moment = int(self.copies.clock.now().timestamp() / NEWS_S)
        return self._later.computed((series.row.id, moment), lambda: self._read_copies(series))

    def _read_copies(self, series: ShownSeries) -> CopiesOfSeries:
        with self.db.read() as session:
            packs = working_packs.of_series(session, [series.row.id])
        return CopiesOfSeries.of(series.row.id, series.row.revision, series.data_key, packs)

    def stored(self, series: ShownSeries, k: int) -> tuple[Instance, int]:
        """The stored object that holds frame k, and the frame's number in it, from 0."""
        if not 1 <= k <= series.row.frame_count:
            raise NotFound
        instance_hex, frame = series.row.slices[k - 1]
        # A prepared series is replaced and never changed, with the rows it was made from: a finger on the screen reads
        # each of them once.
        instance = self._stored.computed((series.row.id, instance_hex), lambda: self._read(uuid.UUID(hex=instance_hex)))
        return instance, frame

    def _read(self, instance_id: uuid.UUID) -> Instance:
        with self.db.read() as session:
            instance = repo.instance(session, instance_id)
        if instance is None:
            raise NotFound
        return instance
