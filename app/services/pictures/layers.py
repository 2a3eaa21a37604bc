"""Layers over pictures: which frames a segmentation or a structure set lies over, and the transparent picture for one.

How a layer is drawn is in app/imaging/display/layers.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from app.archive.sealed import DataKey, SealedArchive
from app.caches.lru import LruCache
from app.errors import NotFound
from app.imaging.display.layers import Below, ContourLayer, SegmentLayer
from app.imaging.display.plain_values import kind_of
from app.imaging.display.render_spec import VALUES, RenderSpec
from app.imaging.evidence.contours import Contours
from app.imaging.evidence.kinds import EvidenceFault, SetAside
from app.imaging.evidence.reading import Evidence
from app.imaging.evidence.segments import Segments
from app.imaging.header.image_header import ImageHeader
from app.imaging.sandbox.pool import RenderPool
from app.models import Instance
from app.services.archive.frames import drawn, frame_task
from app.services.pictures.evidence import EvidenceReading
from app.services.pictures.frame_reading import FrameReading, ShownSeries
from app.services.pictures.stacks import Slice, Stack

KEPT_BYTES, LEAST_BYTES = 96 * 1024 * 1024, 64 * 1024
"""Of all layers that a process keeps read, and of one without contours."""
Layer = SegmentLayer | ContourLayer


@dataclass(frozen=True, kw_only=True)
class Layers:
    """Decides what lies over a frame. Raises NotFound, StoreUnavailable."""

    archive: SealedArchive
    renderer: RenderPool
    evidence: EvidenceReading
    reading: FrameReading
    _kept: LruCache[tuple[uuid.UUID, str, int], Layer] = field(
        default_factory=lambda: LruCache(KEPT_BYTES, weight=_weight)
    )

    def picture(self, instance: Instance, data_key: DataKey, series: ShownSeries, k: int) -> bytes:
        """The layer over frame k (from 1) of a series, as PNG with transparency. Empty when its pixels cannot be
        decoded. Raises NotFound where it has none."""
        stored, frame = self.reading.stored(series, k)
        if stored.image_header is None:
            raise NotFound
        below = Below(ImageHeader.from_json(stored.image_header), frame, stored.sop_instance_uid)
        key = (instance.id, instance.object_key, instance.object_version)
        try:
            layer = self._kept.computed(key, lambda: layer_of(self.evidence.read(instance, data_key), instance))
            if isinstance(layer, ContourLayer):
                return layer.drawn(below)
            return layer.drawn(below, lambda at: self._values(instance, data_key, at))
        except (SetAside, LookupError):
            raise NotFound from None

    def _values(self, instance: Instance, data_key: DataKey, at: int) -> npt.NDArray[np.generic] | None:
        header = ImageHeader.from_json(instance.image_header or {})
        spec, token = RenderSpec(fmt=VALUES), f"{instance.id.hex}:{at}"
        raw = drawn(self.renderer, frame_task(self.archive, data_key, instance, header, at, (spec,), token))
        return np.frombuffer(raw, kind_of(header)).reshape(header.rows, header.columns) if raw else None


def layer_of(found: Evidence, instance: Instance) -> Layer:
    """Raises SetAside when the object is no layer."""
    if isinstance(found, Contours):
        return ContourLayer(found)
    if isinstance(found, Segments) and instance.image_header is not None:
        header = ImageHeader.from_json(instance.image_header)
        if header.samples_per_pixel == 1 and header.number_of_frames == len(found.frames):
            return SegmentLayer(found, header)
    raise SetAside(EvidenceFault.UNREADABLE)


def kept_of_layer(found: Segments | Contours, instance: Instance, stacks: Sequence[Stack]) -> dict[str, Any]:
    """`{labels: [[label, colour]], frames: {ordinal of the stack: [k]}}`. Raises SetAside when it lies over none."""
    layer = layer_of(found, instance)
    frames = {
        str(ordinal): over
        for ordinal, stack in enumerate(stacks, 1)
        if (over := [k for k, piece in enumerate(stack.slices, 1) if _lies_over(layer, piece)])
    }
    if not frames:
        raise SetAside(EvidenceFault.NO_PICTURE)
    parts = found.regions if isinstance(found, Contours) else found.segments
    return {"labels": [[part.label, list(part.colour)] for part in parts], "frames": frames}


def _lies_over(layer: Layer, piece: Slice) -> bool:
    if piece.header is None:
        return False
    below = Below(piece.header, piece.frame, piece.instance.sop_instance_uid)
    found = layer.contours_over(below) if isinstance(layer, ContourLayer) else layer.frames_over(below)
    return bool(found)


def _weight(layer: Layer) -> int:
    return LEAST_BYTES + (layer.nbytes if isinstance(layer, ContourLayer) else 0)
