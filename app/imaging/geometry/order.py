"""The order of a stack's slices: along their common normal, else by instance number (PS3.3 C.7.6.2.1.1).

Which slices make a stack is decided in app/services/pictures/stacks.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.imaging.header.image_header import FrameValues, ImageHeader

PARALLEL = 0.999


def sort_positions(headers: Sequence[ImageHeader]) -> list[int]:
    """Indexes of `headers` in order of position along the normal (mm, ascending); equal positions by instance number.

    Slices without a position, or not parallel to each other (localizers), are ordered by instance number.
    """
    numbers = [header.instance_number if header.instance_number is not None else 1 << 31 for header in headers]
    return _sorted([header.values(0) for header in headers], numbers)


def sort_frames(header: ImageHeader) -> list[int]:
    """The same for the frames of one object. Frames with the same position (for example of a cine) keep their order."""
    return _sorted([header.values(frame) for frame in range(header.number_of_frames)], range(header.number_of_frames))


def _sorted(places: Sequence[FrameValues], numbers: Sequence[int]) -> list[int]:
    distances = _distances(places) or [0.0] * len(places)
    return sorted(range(len(places)), key=lambda at: (distances[at], numbers[at], at))


def _distances(places: Sequence[FrameValues]) -> list[float] | None:
    """The distance of each slice along the common normal, in mm; None when there is no common normal."""
    normals = [_normal(place) for place in places]
    known = [normal for normal in normals if normal is not None]
    if not known or len(known) < len(places):
        return None
    common = np.asarray(min(known))  # any normal would do, but it must not depend on the order of arrival
    if any(float(common @ normal) < PARALLEL for normal in known):
        return None
    # Rounded to a micrometre, so that equal positions stay equal in spite of floating point noise.
    return [round(float(common @ (place.position or (0, 0, 0))), 3) for place in places]


def _normal(place: FrameValues) -> tuple[float, float, float] | None:
    if place.position is None or place.orientation is None:
        return None
    normal = np.cross(place.orientation[:3], place.orientation[3:])
    length = float(np.linalg.norm(normal))
    if length < 0.5:  # the header is wrong: its rows and columns are no unit vectors at right angles
        return None
    x, y, z = (normal / length).tolist()
    return x, y, z
