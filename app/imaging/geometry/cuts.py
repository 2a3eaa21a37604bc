"""Which cuts a volume has along the patient's own axes: how many, how far apart, and of how many square pixels.

All cuts fill the box around the whole volume, up to the outer faces of its voxels. What they show is `reslice`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from app.imaging.geometry.volume import Vector, VolumeGeometry

MOST_PIXELS = 2048
"""On a side of a cut, and cuts of a plane."""


class Plane(StrEnum):
    AXIAL = "axial"
    CORONAL = "coronal"
    SAGITTAL = "sagittal"


@dataclass(frozen=True)
class Directions:
    """Along the patient's axes (0: to the left, 1: to the back, 2: to the head), of a plane's cuts: the axis that goes
    to the right of the picture, and the axis that goes down or (`is_upward`) up. Cut k + 1 lies further along
    `through`."""

    right: int
    vertical: int
    is_upward: bool
    through: int


DIRECTIONS = {
    Plane.AXIAL: Directions(right=0, vertical=1, is_upward=False, through=2),
    Plane.CORONAL: Directions(right=0, vertical=2, is_upward=True, through=1),
    Plane.SAGITTAL: Directions(right=1, vertical=2, is_upward=True, through=0),
}


@dataclass(frozen=True)
class Cuts:
    """The box around a volume, cut along the patient's axes. Lengths in mm."""

    centre: Vector
    extent: Vector
    pixel: float
    """The side of a pixel."""
    counts: Vector
    """How many cuts there are across each axis."""

    def count(self, plane: Plane) -> int:
        return int(self.counts[DIRECTIONS[plane].through])

    def size(self, plane: Plane) -> tuple[int, int]:
        """Rows and columns of a cut."""
        directions = DIRECTIONS[plane]
        return self._pixels(directions.vertical), self._pixels(directions.right)

    def step(self, plane: Plane) -> float:
        """From cut to cut."""
        return self.extent[DIRECTIONS[plane].through] / self.count(plane)

    def place(self, plane: Plane, k: int) -> tuple[Vector, Vector, Vector, Vector]:
        """Of cut k, from 1: the centre of its first pixel, and the ways to the next pixel of a row, to the next row,
        and to the next mm along the cuts. Raises IndexError."""
        directions = DIRECTIONS[plane]
        count = self.count(plane)
        if not 1 <= k <= count:
            raise IndexError(k)
        rows, columns = self.size(plane)
        right, down, through = np.zeros((3, 3))
        right[directions.right] = self.pixel
        down[directions.vertical] = -self.pixel if directions.is_upward else self.pixel
        through[directions.through] = 1.0
        start = np.array(self.centre) + through * ((k - (count + 1) / 2) * self.step(plane))
        start = start - right * (columns - 1) / 2 - down * (rows - 1) / 2
        return _vector(start), _vector(right), _vector(down), _vector(through)

    def _pixels(self, axis: int) -> int:
        return max(1, round(self.extent[axis] / self.pixel))


def cuts_of(geometry: VolumeGeometry) -> Cuts:
    """The cuts of a volume. Pixels are as small as the smallest side of a voxel; cuts are as far apart as the voxels
    that lie behind each other."""
    corners = _corners(geometry)
    low, high = corners.min(axis=0), corners.max(axis=0)
    extent = high - low
    ways = np.array([geometry.across, geometry.down, np.array(geometry.along) * geometry.gap])
    sides = np.linalg.norm(ways, axis=1)
    sides[2] = geometry.gap  # as thick as the way across, also where the gantry was tilted
    pixel = max(float(sides.min()), float(extent.max()) / MOST_PIXELS)
    nearest = np.abs(ways / np.linalg.norm(ways, axis=1)[:, np.newaxis]).argmax(axis=0)
    steps = np.maximum(sides[nearest], extent / MOST_PIXELS)
    counts = np.maximum(1, np.round(extent / steps))
    return Cuts(_vector((low + high) / 2), _vector(extent), pixel, _vector(counts))


def _corners(geometry: VolumeGeometry) -> npt.NDArray[np.float64]:
    """The eight outer corners of the volume."""
    distances = geometry.distances
    first, last = (distances[1] - distances[0]) / 2, (distances[-1] - distances[-2]) / 2
    ends = (
        (-0.5, geometry.columns - 0.5),
        (-0.5, geometry.rows - 0.5),
        (distances[0] - first, distances[-1] + last),
    )
    ways = np.array([geometry.across, geometry.down, geometry.along])
    corners = np.array(np.meshgrid(*ends)).reshape(3, -1).T
    found: npt.NDArray[np.float64] = np.array(geometry.origin) + corners @ ways
    return found


def _vector(values: npt.NDArray[np.float64]) -> Vector:
    x, y, z = (float(value) for value in values)
    return x, y, z
