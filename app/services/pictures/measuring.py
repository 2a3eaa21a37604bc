"""What the viewer needs to measure in a series: the size of its pictures in the patient, where they lie, and the values
inside an outline. Drawing is in `serving`.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from app.caches.lru import LruCache
from app.database import Database
from app.imaging.display.region_statistics import Outline, Shape
from app.imaging.display.render_spec import REGION_STATISTICS, RenderSpec
from app.imaging.header.image_header import FrameValues, ImageHeader
from app.repos.pictures import prepared as repo
from app.services.pictures.frame_reading import ShownSeries
from app.services.pictures.serving import Pictures

CACHED_SERIES = 64
PROJECTIONS = frozenset({"CR", "DX", "DR", "MG", "RG", "RF", "XA", "PX", "IO", "OT", "SC"})
"""Modalities whose rays spread: what a pixel is at the detector is larger in the patient, and even Pixel Spacing says
only how it was calibrated (PS3.3 10.7.1.3)."""
DIGITS = 4
"""Behind the point of millimetres and of directions: finer than any header."""


@dataclass(frozen=True, kw_only=True)
class Measuring:
    """Decides what can be measured in a picture. Raises NotFound, StoreUnavailable."""

    db: Database
    pictures: Pictures
    _kept: LruCache[uuid.UUID, dict[str, Any]] = field(default_factory=lambda: LruCache(CACHED_SERIES))

    def places(self, exam_id: uuid.UUID, exam_revision: int, n: int) -> dict[str, Any]:
        """`{unit, sizes, regions, positions, orientations, spaces, sides, windows, views}` of series n.

        `sizes`: of each picture `{width, height, at}` in mm, `at` = patient or detector; null where it is unknown.
        `regions`: of each picture the calibrated parts of an ultrasound image, `[left, top, right, bottom, mm across,
        mm down]`, sides as shares of the picture, mm of the whole picture at this scale. `positions` (mm) and
        `orientations` as in PS3.3 C.7.6.2; `spaces`: pictures of one frame of reference have one word, null where the
        header names none; `sides`: where rows and columns of a projection lead to (letters of
        C.7.6.1.1.1); `views`: `{laterality, projection}` like `R`, `MLO`. A list in which all are equal has one entry.
        `windows`: `[{name, center, width}]` of a header with several; a name may be empty. `unit`: HU for CT, else
        null.
        """
        series = self.pictures.series(exam_id, exam_revision, n)
        return self._kept.computed(series.row.id, lambda: self._read(series))

    def region(self, exam_id: uuid.UUID, exam_revision: int, n: int, k: int, outline: Outline) -> dict[str, Any] | None:
        """`{pixels, mean, sd, least, greatest}` of the values of frame k inside of an outline, as
        app/imaging/display/region_statistics says. None where the frame has no values: colour, damaged."""
        series = self.pictures.series(exam_id, exam_revision, n)
        told = self.pictures.reading.drawn(series, k, RenderSpec(fmt=REGION_STATISTICS, outline=outline))
        found: dict[str, Any] | None = json.loads(told) if told else None
        return found

    def _read(self, series: ShownSeries) -> dict[str, Any]:
        slices = [(uuid.UUID(hex=instance), frame) for instance, frame in series.row.slices]
        with self.db.read() as session:
            plain = repo.image_headers(session, list({instance for instance, _ in slices}))
        headers = {instance: ImageHeader.from_json(header) for instance, header in plain.items()}
        frames = [(headers.get(instance), frame) for instance, frame in slices]
        values = [FrameValues() if header is None else header.values(frame) for header, frame in frames]
        return {
            "unit": "HU" if series.row.modality == "CT" else None,
            "sizes": _once([_size(header, of) for (header, _), of in zip(frames, values, strict=True)]),
            "regions": _once([_regions(header) for header, _ in frames]),
            "positions": _once([_rounded(of.position) for of in values]),
            "orientations": _once([_rounded(of.orientation) for of in values]),
            "spaces": _once([_space(header) for header, _ in frames]),
            "sides": _once([header and header.patient_orientation for header, _ in frames]),
            "windows": _once([_windows(header, of) for (header, _), of in zip(frames, values, strict=True)]),
            "views": _once([_view(header) for header, _ in frames]),
        }


def _size(header: ImageHeader | None, values: FrameValues) -> dict[str, Any] | None:
    spacing = None if header is None else values.spacing or header.pixel_spacing
    if header is None or spacing is None:
        return None
    in_patient = values.spacing is not None and header.modality not in PROJECTIONS
    return {
        "width": round(spacing[1] * header.columns, DIGITS),
        "height": round(spacing[0] * header.rows, DIGITS),
        "at": "patient" if in_patient else "detector",
    }


def _space(header: ImageHeader | None) -> str | None:
    """A word for the frame of reference. Its UID would tell guests more than that two places can be compared."""
    uid = "" if header is None else header.frame_of_reference_uid
    return hashlib.sha256(uid.encode()).hexdigest()[:16] if uid else None


def _regions(header: ImageHeader | None) -> list[list[float]]:
    found = []
    for region in () if header is None else header.regions:
        spacing = region.spacing_mm
        if header is not None and spacing is not None:
            sides = (
                region.left / header.columns,
                region.top / header.rows,
                (region.right + 1) / header.columns,
                (region.bottom + 1) / header.rows,
            )
            scale = (spacing[1] * header.columns, spacing[0] * header.rows)
            found.append([round(number, 6) for number in (*sides, *scale)])
    return found


def _windows(header: ImageHeader | None, values: FrameValues) -> list[dict[str, Any]]:
    if header is None or len(values.windows) < 2 or header.samples_per_pixel > 1:
        return []
    names = (*values.window_names, *[""] * len(values.windows))
    return [
        {"name": name, "center": center, "width": width}
        for name, (center, width) in zip(names, values.windows, strict=False)
    ]


def _view(header: ImageHeader | None) -> dict[str, str] | None:
    if header is None or not (header.laterality or header.projection):
        return None
    return {"laterality": header.laterality, "projection": header.projection}


def _rounded(numbers: Sequence[float] | None) -> list[float] | None:
    return None if numbers is None else [round(number, DIGITS) for number in numbers]


def _once(each: list[Any]) -> list[Any]:
    return each[:1] if all(one == each[0] for one in each) else each


__all__ = ["Measuring", "Outline", "Shape"]
