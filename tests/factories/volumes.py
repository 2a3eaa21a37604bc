"""Slices of phantoms whose every value is known: places in any position of the patient, and voxels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from app.imaging.geometry.cuts import DIRECTIONS, Cuts, Plane
from app.imaging.geometry.reslice import Volume
from app.imaging.geometry.volume import SlicePlace, VolumeGeometry

Doubles = npt.NDArray[np.float64]

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
POSITIONS = {
    "HFS": AXIAL,
    "HFP": (-1.0, 0.0, 0.0, 0.0, -1.0, 0.0),
    "HFDR": (0.0, 1.0, 0.0, -1.0, 0.0, 0.0),
    "HFDL": (0.0, -1.0, 0.0, 1.0, 0.0, 0.0),
    "FFS": (-1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
    "FFP": (1.0, 0.0, 0.0, 0.0, -1.0, 0.0),
    "FFDR": (0.0, 1.0, 0.0, 1.0, 0.0, 0.0),
    "FFDL": (0.0, -1.0, 0.0, -1.0, 0.0, 0.0),
}
"""What scanners write as Image Orientation for a patient who lies head or feet first, supine, prone or on a side."""


def places(
    distances: Sequence[float],
    rows: int = 12,
    columns: int = 16,
    spacing: tuple[float, float] = (1.0, 1.0),
    orientation: Sequence[float] = AXIAL,
    start: Sequence[float] = (10.0, -20.0, 30.0),
    shift: Sequence[float] = (0.0, 0.0, 0.0),
    **changes: Any,
) -> list[SlicePlace]:
    """Slices at these distances along their normal; each mm shifts them by `shift` as well."""
    normal = np.cross(orientation[:3], orientation[3:])
    return [
        SlicePlace(
            **{
                "rows": rows,
                "columns": columns,
                "spacing": spacing,
                "position": tuple((np.array(start) + distance * (normal + shift)).tolist()),
                "orientation": tuple(orientation),
                **changes,
            }
        )
        for distance in distances
    ]


def turned(x: float, y: float, z: float) -> Doubles:
    """The matrix that turns by so many degrees around each axis, x first."""
    found: Doubles = np.eye(3)
    for axis, degrees in enumerate((x, y, z)):
        cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        one, other = (axis + 1) % 3, (axis + 2) % 3
        turn = np.eye(3)
        turn[one, one], turn[one, other], turn[other, one], turn[other, other] = cos, -sin, sin, cos
        found = turn @ found
    return found


def about(axis: Doubles, degrees: float) -> tuple[float, float, float, float]:
    """The quaternion that turns by so many degrees about an axis of any length."""
    half = np.radians(degrees) / 2
    x, y, z = (float(part) for part in axis / np.linalg.norm(axis) * np.sin(half))
    return float(np.cos(half)), x, y, z


def voxel_places(geometry: VolumeGeometry) -> Doubles:
    """Where the centre of every voxel lies: (slices, rows, columns, 3), mm."""
    k, j, i = np.meshgrid(
        np.array(geometry.distances), np.arange(geometry.rows), np.arange(geometry.columns), indexing="ij"
    )
    ways = np.array([geometry.along, geometry.down, geometry.across])
    found: Doubles = np.array(geometry.origin) + np.stack((k, j, i), axis=-1) @ ways
    return found


def pixel_places(cuts: Cuts, plane: Plane, k: int) -> Doubles:
    """Where the centre of every pixel of a cut lies: (rows, columns, 3), mm; said anew, apart from `Cuts.place`."""
    directions = DIRECTIONS[plane]
    low = np.array(cuts.centre) - np.array(cuts.extent) / 2
    rows, columns = cuts.size(plane)
    found = np.zeros((rows, columns, 3))
    middle_row, middle_column = np.arange(rows) - (rows - 1) / 2, np.arange(columns) - (columns - 1) / 2
    sign = -1 if directions.is_upward else 1
    found[..., directions.right] = (cuts.centre[directions.right] + middle_column * cuts.pixel)[np.newaxis]
    found[..., directions.vertical] = (cuts.centre[directions.vertical] + sign * middle_row * cuts.pixel)[:, np.newaxis]
    step = cuts.extent[directions.through] / cuts.counts[directions.through]
    found[..., directions.through] = low[directions.through] + (k - 0.5) * step
    return found


def ramp(geometry: VolumeGeometry, slopes: Sequence[float] = (1.0, 2.0, -3.0)) -> Volume:
    """A volume whose value at each place is `slopes · place`: linear interpolation reproduces it everywhere."""
    return Volume((voxel_places(geometry) @ np.array(slopes)).astype(np.float32), geometry)
