"""The plane of one frame in the patient, and how another plane lies to it: for layers that are drawn over frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.imaging.geometry.volume import FURTHEST, NO_RIGHT_ANGLE, NO_UNIT, SPACINGS
from app.imaging.header.image_header import FrameValues

Doubles = npt.NDArray[np.float64]
PARALLEL = 0.9995
"""The cosine of 1.8 degrees: half a pixel at the edge of 32 mm, so a layer of a slice that tilts more is none of it."""


@dataclass(frozen=True)
class Plane:
    """Pixel (row i, column j) lies at `origin + j * across + i * down`, mm along the patient's axes."""

    origin: Doubles
    across: Doubles
    down: Doubles

    @property
    def normal(self) -> Doubles:
        found = np.cross(self.across, self.down)
        return found / np.linalg.norm(found)

    def distance(self, points: Doubles) -> Doubles:
        """mm from the plane along its normal, of points (..., 3)."""
        return np.asarray((points - self.origin) @ self.normal)

    def pixels(self, points: Doubles) -> Doubles:
        """(column, row) of the points of space that lie in the plane, or above it."""
        along = np.stack([self.across / (self.across @ self.across), self.down / (self.down @ self.down)])
        return np.asarray((points - self.origin) @ along.T)

    def is_parallel_to(self, other: Plane) -> bool:
        return bool(abs(self.normal @ other.normal) >= PARALLEL)


def plane_of(values: FrameValues) -> Plane | None:
    """The plane of a frame; None when its header does not say it, or says what makes no sense."""
    if values.position is None or values.orientation is None or values.spacing is None:
        return None
    numbers = np.asarray([*values.position, *values.orientation, *values.spacing], dtype=np.float64)
    if not np.isfinite(numbers).all() or np.abs(numbers[:3]).max() > FURTHEST:
        return None
    across, down, (between_rows, between_columns) = numbers[3:6], numbers[6:9], numbers[9:]
    lengths = np.linalg.norm(across), np.linalg.norm(down)
    if any(abs(length - 1) > NO_UNIT for length in lengths) or abs(across @ down) > NO_RIGHT_ANGLE:
        return None
    if not (SPACINGS[0] <= between_rows <= SPACINGS[1] and SPACINGS[0] <= between_columns <= SPACINGS[1]):
        return None
    return Plane(numbers[:3], across / lengths[0] * between_columns, down / lengths[1] * between_rows)


def usual_gap(distances: Doubles, default: float) -> float:
    """The usual distance of neighbours among positions along a normal, mm."""
    gaps = np.diff(np.unique(np.round(distances, 3)))
    gaps = gaps[gaps > 0.01]
    return float(np.median(gaps)) if gaps.size else default
