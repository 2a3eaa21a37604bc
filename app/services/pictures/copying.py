"""Makes the working copies of a prepared series when somebody first needs them: a new window, a cut, a turntable.

Which frames get copies, and which of them while they are prepared, is in `working_copies`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy.exc import IntegrityError

from app.archive.sealed import DataKey, SealedArchive
from app.caches.lru import LruCache
from app.clock import Clock
from app.database import Database
from app.errors import DatabaseUnavailable
from app.imaging.display.render_spec import PACKED
from app.imaging.header.image_header import ImageHeader
from app.imaging.sandbox.pool import Account, RenderPool, RenderSpec, RenderTask
from app.models import Instance, PreparedSeries, WorkingPack
from app.models.states import JobKind
from app.repos.pictures import prepared, working_packs
from app.services.archive.data_keys import DataKeys
from app.services.archive.frames import all_drawn, frame_task
from app.services.pictures.new_packs import NewPacks
from app.services.pictures.working_copies import PackWriter, may_have_copy
from app.services.queue.job_queue import JobQueue
from app.services.session_times import TOUCH_PATIENCE_S

COPY_SERIES = JobKind.COPY_SERIES
ASKED_EVERY = timedelta(hours=12)
"""Copies that were deleted, or that some frames cannot have, are asked for again so often at most."""
BUDGET_S = 300.0
"""Seconds of the decoding children for one series. The frames that are left have no copy."""
COPY = (RenderSpec(fmt=PACKED),)


@dataclass(frozen=True, kw_only=True)
class Copying:
    """Decides when copies are made. Raises StoreUnavailable."""

    db: Database
    clock: Clock
    archive: SealedArchive
    data_keys: DataKeys
    renderer: RenderPool
    queue: JobQueue
    _asked: LruCache[str, bool] = field(default_factory=lambda: LruCache(4096))

    def ask(self, series_id: uuid.UUID) -> None:
        """Have the copies of a series made soon. When the database is busy, the next frame asks: readers never wait."""
        half_day = int(self.clock.now().timestamp() / ASKED_EVERY.total_seconds())
        key = f"{series_id.hex}:{half_day}"
        if self._asked.get(key):
            return
        try:
            with self.db.session(patience_s=TOUCH_PATIENCE_S) as session:
                self.queue.enqueue(session, COPY_SERIES, key)
        except DatabaseUnavailable:
            return
        self._asked.computed(key, lambda: True)

    def make(self, series_id: uuid.UUID) -> bool:
        """Make the copies of a series, unless it has some, or was prepared anew. It is safe to repeat this or to kill
        it: rows are written last, in one commit. Returns whether there are new ones."""
        with self.db.read() as session:
            row = session.get(PreparedSeries, series_id)
            if row is None or working_packs.of_series(session, [series_id]):
                return False
            study = prepared.study(session, row.study_id)
            if study is None:
                return False
            data_key = self.data_keys.open(session, study.data_key_id)
            instances = {each.id.hex: each for _, each in prepared.instances_of(session, study.id)}
        with NewPacks(db=self.db, archive=self.archive, study_id=row.study_id) as packs:
            writer = PackWriter(self.archive, packs, row.revision, data_key, self.clock)
            for (chunk,) in all_drawn(self.renderer, self._tasks(row, data_key, instances), Account(BUDGET_S)):
                writer.add(chunk)
            writer.finish()
            return self._publish(row, writer.rows)

    def _tasks(self, row: PreparedSeries, data_key: DataKey, instances: dict[str, Instance]) -> Iterator[RenderTask]:
        for instance_hex, number in row.slices:
            instance = instances.get(instance_hex)  # gone when it was rejected: the series is prepared anew soon
            header = instance and instance.image_header and ImageHeader.from_json(instance.image_header)
            if instance is None or not may_have_copy(header or None):
                yield RenderTask(None, b"", number, COPY)
            else:
                yield frame_task(self.archive, data_key, instance, header or None, number, COPY)

    def _publish(self, row: PreparedSeries, packs: Sequence[WorkingPack]) -> bool:
        """False when the series was prepared anew, or another worker was first. The exam's revision stays:
        it shows what it showed, and a rise would break off every download of it. Readers look for new copies
        every few seconds."""
        try:
            with self.db.session() as session:
                if session.get(PreparedSeries, row.id) is None or working_packs.of_series(session, [row.id]):
                    return False
                for pack in packs:
                    pack.series_id = row.id
                prepared.add(session, packs)
        except IntegrityError:
            return False
        return bool(packs)
