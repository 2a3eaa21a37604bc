"""The order of a stack's slices: along their common normal, else as they are given (PS3.3 C.7.6.2.1.1).

Which slices make a stack is decided in app/services/pictures/stacks.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.imaging.header.image_header import FrameValues

PARALLEL = 0.999


def sort_places(places: Sequence[FrameValues]) -> list[int]:
    """Indexes of `places` in order of position along the normal (mm, ascending). Equal positions keep their order.

    Slices without a position, or not parallel to each other, all keep their order.
    """
    distances = _distances(places) or _locations(places) or [0.0] * len(places)
    return sorted(range(len(places)), key=lambda at: (distances[at], at))


def _locations(places: Sequence[FrameValues]) -> list[float] | None:
    """Of slices without orientation: the coordinate in which their positions differ most, or else Slice Location."""
    if not places or any(place.orientation is not None for place in places):
        return None
    positions = [place.position for place in places if place.position is not None]
    if len(positions) == len(places):
        spread = np.ptp(np.asarray(positions), axis=0)
        axis = int(spread.argmax())
        return [round(position[axis], 3) for position in positions]
    locations = [place.location for place in places if place.location is not None]
    return locations if len(locations) == len(places) else None


def _distances(places: Sequence[FrameValues]) -> list[float] | None:
    """The distance of each slice along the common normal, in mm; None when there is no common normal."""
    normals = [normal_of(place) for place in places]
    known = [normal for normal in normals if normal is not None]
    if not known or len(known) < len(places):
        return None
    common = np.asarray(min(known))  # any normal would do, but it must not depend on the order of arrival
    if any(float(common @ normal) < PARALLEL for normal in known):
        return None
    # Rounded to a micrometre, so that equal positions stay equal in spite of floating point noise.
    return [round(float(common @ (place.position or (0, 0, 0))), 3) for place in places]


def normal_of(place: FrameValues) -> tuple[float, float, float] | None:
    """The unit vector across the slice; None when its place is not known whole, or makes no sense."""
    if place.position is None or place.orientation is None:
        return None
    normal = np.cross(place.orientation[:3], place.orientation[3:])
    length = float(np.linalg.norm(normal))
    if length < 0.5:  # the header is wrong: its rows and columns are no unit vectors at right angles
        return None
    x, y, z = (normal / length).tolist()
    return x, y, z
