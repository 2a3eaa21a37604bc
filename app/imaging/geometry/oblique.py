"""Cuts that are turned away from the patient's own axes: where their pixels lie. What they show is `reslice`.

A plane is turned about the middle of the box around the volume, and then moved along its own way. Its picture has in
its middle the point of the plane that is nearest to the middle of the box, and shows all of the box. So a viewer that
knows the box knows the place of every pixel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.imaging.geometry.cuts import DIRECTIONS, MOST_PIXELS, Cuts, Plane
from app.imaging.geometry.volume import Vector

Quaternion = tuple[float, float, float, float]
"""w, x, y, z along the patient's axes; of length 1, or nearly."""
Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Oblique:
    """How a plane is turned, and how many mm it lies from the middle of the box along its turned way."""

    turn: Quaternion
    mm: float


@dataclass(frozen=True)
class Place:
    """The pixels of a cut: the centre of the first one, and the ways to the next pixel of a row, to the next row, and
    to the next mm along the cuts. Lengths in mm."""

    start: Vector
    right: Vector
    down: Vector
    through: Vector
    size: tuple[int, int]
    """Rows and columns."""


def oblique_place(cuts: Cuts, plane: Plane, at: Oblique, longest: int | None = None) -> Place:
    """Of a turned plane. `longest`: how many pixels are wanted on the longer side; there are at most so many, or a
    whole number of times so many, that none is skipped.

    Raises IndexError when the plane lies outside the box.
    """
    directions = DIRECTIONS[plane]
    axes = rotation(at.turn)
    right, through = axes[:, directions.right], axes[:, directions.through]
    down = axes[:, directions.vertical] * (-1.0 if directions.is_upward else 1.0)
    extent = np.array(cuts.extent)
    width, height, reach = (float(np.abs(way) @ extent) for way in (right, down, through))
    if abs(at.mm) > reach / 2 + cuts.pixel:  # shares and turns are rounded on their way
        raise IndexError(at.mm)
    pixel = _pixel(cuts.pixel, max(width, height), longest)
    rows, columns = (max(1, min(MOST_PIXELS, round(side / pixel))) for side in (height, width))
    right, down = right * pixel, down * pixel
    start = np.array(cuts.centre) + through * at.mm - right * (columns - 1) / 2 - down * (rows - 1) / 2
    return Place(_vector(start), _vector(right), _vector(down), _vector(through), (rows, columns))


def rotation(turn: Quaternion) -> Doubles:
    """The matrix that turns as the quaternion does (Shoemake, Animating Rotation with Quaternion Curves, 1985)."""
    w, x, y, z = np.array(turn) / np.linalg.norm(turn)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def _pixel(finest: float, side: float, longest: int | None) -> float:
    """The side of a pixel: less than twice the finest one, unless the picture would be too large."""
    finest = max(finest, side / MOST_PIXELS)
    if longest is None or side <= longest * finest:
        return finest
    return side / (longest * int(side / (longest * finest)))


def _vector(values: Doubles) -> Vector:
    x, y, z = (float(value) for value in values)
    return x, y, z
