"""Serves an exam's pictures to a patient: manifest, prepared frames, frames under another window, downloads.

The session has decided that this patient may see this exam. Here the database decides which studies belong to the exam.
Preparing pictures is in `preparation`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from app.archive.sealed import DataKey, SealedArchive
from app.caches.lru import LruCache
from app.clock import Clock
from app.database import Database
from app.errors import NotFound
from app.imaging.display.render_spec import FULL_DEPTH
from app.imaging.display.tiles import TILE_SIDE, Tile, levels_of
from app.imaging.display.window import Window
from app.imaging.errors import BadRegion
from app.imaging.geometry.cuts import Plane
from app.imaging.geometry.oblique import Oblique
from app.imaging.geometry.reslice import THICKEST_MM, Slab, SlabMode
from app.imaging.geometry.turntable import LookName
from app.imaging.sandbox.pool import RenderSpec
from app.models import Instance, PreparedObject, PreparedSeries, Series, Study
from app.repos.pictures import prepared as repo
from app.repos.pictures import working_packs
from app.services.archive.data_keys import DataKeys
from app.services.pictures.frame_reading import FrameReading, ShownSeries
from app.services.pictures.marks import displayed, marked
from app.services.pictures.objects import Objects, reasons_of
from app.services.pictures.working_copies import CopiesOfSeries
from app.services.volumes.reason_words import reason_words
from app.services.volumes.volumes import CutSpec, TurnSpec, Volumes, default_window, turns_of

CACHED_EXAMS = 256
BATCH_LIMIT = 20


@dataclass(frozen=True)
class Original:
    """One stored instance for download."""

    instance: Instance
    series: Series
    study: Study
    data_key: DataKey


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """Decides which pictures an exam shows. Raises NotFound, StoreUnavailable."""

    db: Database
    clock: Clock
    archive: SealedArchive
    data_keys: DataKeys
    reading: FrameReading
    volumes: Volumes
    objects: Objects
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
            shown = repo.shown_to_patients(session, exam_id)
            packs = working_packs.of_series(session, [row.id for row, _ in shown])
            keys = {study.id: self.data_keys.open(session, study.data_key_id) for _, study in shown}
        return tuple(
            ShownSeries(
                row,
                keys[study.id],
                CopiesOfSeries.of(
                    row.id, row.revision, keys[study.id], [pack for pack in packs if pack.series_id == row.id]
                ),
            )
            for row, study in shown
        )

    def may_come(self, exam_id: uuid.UUID) -> bool:
        """Whether an exam without pictures may show some later: they have not arrived, are being prepared (also again,
        without rejected ones), or wait for their release."""
        with self.db.read() as session:
            return repo.pictures_may_come(session, exam_id, self.clock.now() - self.patience)

    def manifest(self, exam_id: uuid.UUID, exam_revision: int) -> dict[str, Any]:
        """`{series: [{n, frames, rows, columns, modality, description, window, tiles, mpr, mpr_box, mpr_reason,
        turntable, frame_time_ms, incomplete}], key_images: [{n, k}], presentations: [{title, frames: [{n, k}],
        reasons}], displayed: [{n, k, turns, mirrored, area}]}`.

        It names nobody. Not in the contract of docs/design.md are `mpr_box` (the sides in mm, along the patient's axes,
        of the box that the cuts fill), `frame_time_ms`, `key_images` (of key object lists, in their order),
        `presentations` (states that are drawn into their frames; `reasons`: what of them is not, in words) and
        `displayed`: how states want frames to lie (viewer/tools/marks.js). What is no picture is in `objects`.
        """
        shown, beside = self.shown(exam_id, exam_revision), self.objects.of_exam(exam_id, exam_revision)
        rows = [series.row for series in shown]
        return {
            "series": [_describe(n, series) for n, series in enumerate(shown, 1)],
            "key_images": [mark for row in beside.key_objects for mark in marked(row, rows)],
            "presentations": [_describe_state(row, rows) for row in beside.presentations],
            "displayed": displayed(beside.presentations, rows),
        }

    def frame(self, exam_id: uuid.UUID, exam_revision: int, n: int, k: int, *, preview: bool) -> bytes:
        """A prepared JPEG; n and k count from 1. Empty when this frame cannot be shown. Raises NotFound,
        StoreUnavailable."""
        series = self.series(exam_id, exam_revision, n)
        return self._prepared(series, k, preview=preview)

    def batch(
        self, exam_id: uuid.UUID, exam_revision: int, n: int, first: int, count: int, *, preview: bool, step: int = 1
    ) -> list[bytes]:
        """Up to 20 prepared JPEGs: k = `first`, `first` + `step`, and so on. Raises NotFound when `first` is
        outside the stack."""
        series = self.series(exam_id, exam_revision, n)
        end = min(first + min(count, BATCH_LIMIT) * step, series.row.frame_count + 1)
        if not 1 <= first < end:
            raise NotFound
        return [self._prepared(series, k, preview=preview) for k in range(first, end, step)]

    def render(
        self, exam_id: uuid.UUID, exam_revision: int, n: int, k: int, spec: RenderSpec, *, plain: bool = False
    ) -> bytes:
        """One frame from the original pixels, as `spec` asks, with what a presentation state draws; `plain`: without.
        Empty when it cannot be shown. Raises NotFound, StoreUnavailable."""
        series = self.series(exam_id, exam_revision, n)
        look = None if plain else self.objects.look(exam_id, exam_revision, series.row, k)
        try:
            return self.reading.drawn(series, k, spec, look)
        except BadRegion:  # a tile that the frame does not have
            raise NotFound from None

    def cut(self, exam_id: uuid.UUID, exam_revision: int, n: int, spec: CutSpec) -> bytes:
        """A cut through the volume of series n. Raises NotFound when it has no volume or no such cut, Busy,
        StoreUnavailable."""
        series = self.series(exam_id, exam_revision, n)
        if series.plan is None:
            raise NotFound
        window = default_window(series.plan, series.row.window_center, series.row.window_width)
        read = self.reading.of_volume(series, series.plan)
        return self.volumes.picture(series.row.id, series.plan, window, read, spec)

    def turned(self, exam_id: uuid.UUID, exam_revision: int, n: int, spec: TurnSpec) -> bytes:
        """A picture of the turntable of series n. Raises NotFound when it has none or no such picture, Busy,
        StoreUnavailable."""
        series = self.series(exam_id, exam_revision, n)
        if series.plan is None or turns_of(series.plan) is None:
            raise NotFound
        return self.volumes.turned(series.row.id, series.plan, self.reading.of_volume(series, series.plan), spec)

    def keeps_volume(self, exam_id: uuid.UUID, exam_revision: int, n: int, look: LookName | None = None) -> bool:
        """Whether the cuts of series n, or with a look its turntable, come at once. Raises NotFound."""
        return self.volumes.keeps(self.series(exam_id, exam_revision, n).row.id, look)

    def originals(self, exam_id: uuid.UUID) -> list[Original]:
        """The stored objects of the exam, as received, in order of series and number."""
        with self.db.read() as session:
            rows = repo.instances_shown(session, exam_id)
            keys = {study.id: self.data_keys.open(session, study.data_key_id) for study, _, _ in rows}
        return [Original(instance, series, study, keys[study.id]) for study, series, instance in rows]

    def original_bytes(self, original: Original) -> Iterator[bytes]:
        instance = original.instance
        return self.archive.stream(instance.object_key, instance.object_version, original.data_key)

    def series(self, exam_id: uuid.UUID, exam_revision: int, n: int) -> ShownSeries:
        """Series n, from 1, of those that the exam shows. Raises NotFound."""
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


def _describe_state(row: PreparedObject, shown: list[PreparedSeries]) -> dict[str, Any]:
    title = (row.says or {}).get("title")
    return {"title": title or row.description, "frames": marked(row, shown), "reasons": reasons_of(row)}


def _describe(n: int, shown: ShownSeries) -> dict[str, Any]:
    row, levels = shown.row, levels_of(shown.row.rows, shown.row.columns)
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
        "tiles": None if levels is None else {"size": TILE_SIDE, "levels": levels},
        "mpr": None if shown.plan is None else {plane: shown.cuts.count(plane) for plane in Plane},
        "mpr_box": None if shown.plan is None else [round(mm, 3) for mm in shown.cuts.extent],
        "mpr_reason": None if shown.plan is not None else reason_words(row.no_volume),
        "turntable": None if shown.plan is None else turns_of(shown.plan),
    }


__all__ = [
    "BATCH_LIMIT",
    "FULL_DEPTH",
    "THICKEST_MM",
    "CutSpec",
    "LookName",
    "Oblique",
    "Original",
    "Pictures",
    "Plane",
    "RenderSpec",
    "ShownSeries",
    "Slab",
    "SlabMode",
    "Tile",
    "TurnSpec",
    "Window",
]
