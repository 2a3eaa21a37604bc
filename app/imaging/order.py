"""The order of a stack's slices: along their common normal, else by instance number. PS3.3 C.7.6.2.1.1."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.imaging.header import ImageHeader

PARALLEL = 0.999


def sort_positions(headers: Sequence[ImageHeader]) -> list[int]:
    """Indexes of `headers` in order of position along the normal (mm, ascending); equal positions by instance number.

    Slices without a place, or not parallel to each other (localizers), are ordered by instance number.
    """
    numbers = [header.instance_number if header.instance_number is not None else 1 << 31 for header in headers]
    distances = _distances(headers)
    if distances is None:
        return sorted(range(len(headers)), key=lambda at: (numbers[at], at))
    return sorted(range(len(headers)), key=lambda at: (distances[at], numbers[at], at))


def _distances(headers: Sequence[ImageHeader]) -> list[float] | None:
    normals, positions = [], []
    for header in headers:
        place = header.values(0)
        if place.position is None or place.orientation is None:
            return None
        normal = np.cross(place.orientation[:3], place.orientation[3:])
        length = float(np.linalg.norm(normal))
        if length < 0.5:
            return None
        normals.append(normal / length)
        positions.append(place.position)
    if not normals or any(float(normal @ normals[0]) < PARALLEL for normal in normals):
        return None
    # rounded to a micrometre, so that floating point noise cannot reorder equal positions
    return [round(float(np.dot(normals[0], position)), 3) for position in positions]
