"""Serves an exam's pictures to a patient: manifest, prepared frames, frames under another window, downloads.

The session has decided that this patient may see this exam. Here the database decides which studies belong to the exam.
Preparing pictures is in `preparation`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any

from app.archive.sealed import DataKey, PackIndex, SealedArchive
from app.caches.lru import LruCache
from app.clock import Clock
from app.database import Database
from app.errors import NotFound
from app.imaging.display.window import Window
from app.imaging.header.image_header import ImageHeader
from app.imaging.sandbox.pool import RenderPool, RenderSpec
from app.models import Instance, PreparedSeries, Study
from app.repos.pictures import prepared as repo
from app.services.archive.data_keys import DataKeys
from app.services.archive.frames import drawn, frame_task

CACHED_EXAMS = 256
BATCH_LIMIT = 20


@dataclass(frozen=True)
class ShownSeries:
    """One prepared series that a patient may see, with everything that is needed to read its frames."""

    row: PreparedSeries
    data_key: DataKey

    @cached_property
    def previews(self) -> PackIndex:
        return PackIndex.from_bytes(self.row.preview_index)

    @cached_property
    def frames(self) -> PackIndex:
        return PackIndex.from_bytes(self.row.frame_index)


@dataclass(frozen=True)
class Original:
    """One stored instance for download."""

    instance: Instance
    data_key: DataKey


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """Decides which pictures an exam shows. Raises NotFound, StoreUnavailable."""

    db: Database
    clock: Clock
    archive: SealedArchive
    data_keys: DataKeys
    renderer: RenderPool
    patience: timedelta
    """After so long nobody is told to wait for pictures that did not come."""
    _shown: LruCache[tuple[uuid.UUID, int], tuple[ShownSeries, ...]] = field(
        default_factory=lambda: LruCache(CACHED_EXAMS)
    )

    def shown(self, exam_id: uuid.UUID, exam_revision: int) -> tuple[ShownSeries, ...]:
        """The exam's series in order; empty until the exam is released.

        The cache key is the exam's revision, which the session check read from the database in this request. Every
        change of what may be shown raises the revision in the same transaction.
        """
        return self._shown.computed((exam_id, exam_revision), lambda: self._read_shown(exam_id))

    def _read_shown(self, exam_id: uuid.UUID) -> tuple[ShownSeries, ...]:
        with self.db.read() as session:
            return tuple(
                ShownSeries(row, self.data_keys.open(session, study.data_key_id))
                for row, study in repo.shown_to_patients(session, exam_id)
            )

    def may_come(self, exam_id: uuid.UUID) -> bool:
        """Whether an exam without pictures may show some later: they have not arrived, are being prepared (also again,
        without rejected ones), or wait for their release."""
        with self.db.read() as session:
            return repo.pictures_may_come(session, exam_id, self.clock.now() - self.patience)

    def manifest(self, exam_id: uuid.UUID, exam_revision: int) -> dict[str, Any]:
        """`{series: [{n, frames, rows, columns, modality, description, window, mpr, turntable, frame_time_ms,
        incomplete}]}`.

        It names nobody. `frame_time_ms` is not in the contract of docs/design.md: the viewer plays a film at this
        speed.
        """
        return {"series": [_describe(n, shown.row) for n, shown in enumerate(self.shown(exam_id, exam_revision), 1)]}

    def frame(self, exam_id: uuid.UUID, exam_revision: int, n: int, k: int, *, preview: bool) -> bytes:
        """A prepared JPEG; n and k count from 1. Empty when this frame cannot be shown. Raises NotFound,
        StoreUnavailable."""
        series = self._series(exam_id, exam_revision, n)
        return self._prepared(series, k, preview=preview)

    def batch(
        self, exam_id: uuid.UUID, exam_revision: int, n: int, first: int, count: int, *, preview: bool, step: int = 1
    ) -> list[bytes]:
        """Up to 20 prepared JPEGs: k = `first`, `first` + `step`, and so on. Raises NotFound when `first` is
        outside the stack."""
        series = self._series(exam_id, exam_revision, n)
        end = min(first + min(count, BATCH_LIMIT) * step, series.row.frame_count + 1)
        if not 1 <= first < end:
            raise NotFound
        return [self._prepared(series, k, preview=preview) for k in range(first, end, step)]

    def render(self, exam_id: uuid.UUID, exam_revision: int, n: int, k: int, spec: RenderSpec) -> bytes:
        """One frame from the original pixels, as `spec` asks. Empty when it cannot be shown. Raises NotFound,
        StoreUnavailable."""
        series = self._series(exam_id, exam_revision, n)
        if not 1 <= k <= series.row.frame_count:
            raise NotFound
        instance_hex, frame = series.row.slices[k - 1]
        with self.db.read() as session:
            instance = repo.instance(session, uuid.UUID(hex=instance_hex))
        if instance is None:
            raise NotFound
        if instance.image_header is None:
            return b""
        header = ImageHeader.from_json(instance.image_header)
        token = f"{instance.id.hex}:{frame}"
        task = frame_task(self.archive, series.data_key, instance, header, frame, (spec,), token)
        return drawn(self.renderer, task)

    def originals(self, exam_id: uuid.UUID) -> list[Original]:
        """The stored objects of the exam, as received, in order of series and number."""
        with self.db.read() as session:
            rows: list[tuple[Study, Instance]] = repo.instances_shown(session, exam_id)
            keys = {study.id: self.data_keys.open(session, study.data_key_id) for study, _ in rows}
        return [Original(instance, keys[study.id]) for study, instance in rows]

    def original_bytes(self, original: Original) -> Iterator[bytes]:
        instance = original.instance
        return self.archive.stream(instance.object_key, instance.object_version, original.data_key)

    def _series(self, exam_id: uuid.UUID, exam_revision: int, n: int) -> ShownSeries:
        shown = self.shown(exam_id, exam_revision)
        if not 1 <= n <= len(shown):
            raise NotFound
        return shown[n - 1]

    def _prepared(self, series: ShownSeries, k: int, *, preview: bool) -> bytes:
        if not 1 <= k <= series.row.frame_count:
            raise NotFound
        index = series.previews if preview else series.frames
        object_key = series.row.preview_object_key if preview else series.row.frame_object_key
        return self.archive.read_entry(object_key, series.row.revision, series.data_key, index[k - 1])


def _describe(n: int, row: PreparedSeries) -> dict[str, Any]:
    window = None if row.window_width is None else {"center": row.window_center, "width": row.window_width}
    return {
        "n": n,
        "frames": row.frame_count,
        "rows": row.rows,
        "columns": row.columns,
        "modality": row.modality,
        "description": row.description,
        "window": window,
        "frame_time_ms": row.frame_time_ms,
        "incomplete": row.incomplete,
        "mpr": None,
        "turntable": None,
    }


__all__ = ["BATCH_LIMIT", "Original", "Pictures", "RenderSpec", "ShownSeries", "Window"]
