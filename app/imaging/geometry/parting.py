"""Which slices of a series are no stack together: those of other planes, and those of another b-value.

A radial series, whose planes turn little by little, stays one stack; so do the tilted planes along a spine.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.imaging.geometry.order import normal_of
from app.imaging.header.image_header import FrameValues

NEAR, FAR = float(np.cos(np.radians(30))), float(np.cos(np.radians(45)))
MOST_LONELY = 3
"""So many planes of one slice each are a localizer; more of them turn around an axis."""


def parts_of(places: Sequence[FrameValues]) -> list[list[int]]:
    """Indexes of `places`, part by part, each in the given order. Planes come in order of their first slice, b-values
    in ascending order, slices without a b-value first."""
    return [part for plane in _planes(places) for part in _b_values(places, plane)]


def _planes(places: Sequence[FrameValues]) -> list[list[int]]:
    together = [list(range(len(places)))]
    normals = [normal_of(place) for place in places]
    known = [normal for normal in normals if normal is not None]
    if len(known) < len(places) or not known:
        return together
    rounded = np.round(np.asarray(known), 2)
    leaders = np.unique(rounded, axis=0)
    angles = np.abs(leaders @ leaders.T)  # a plane seen from behind is the same plane
    if ((angles < NEAR) & (angles > FAR)).any():
        return together
    clusters: dict[int, list[int]] = {}
    for at, normal in enumerate(rounded):
        near = np.abs(leaders @ normal) >= NEAR
        clusters.setdefault(int(near.argmax()), []).append(at)
    planes = list(clusters.values())
    are_lonely = all(len(plane) == 1 for plane in planes)
    return together if are_lonely and len(planes) > MOST_LONELY else planes


def _b_values(places: Sequence[FrameValues], plane: list[int]) -> list[list[int]]:
    """Parted where several b-values share places: then scrolling would show each place several times."""
    by_value: dict[float, list[int]] = {}
    for at in plane:
        value = places[at].b_value
        by_value.setdefault(-1.0 if value is None else value, []).append(at)
    if len(by_value) < 2:
        return [plane]
    seen: set[object] = set()
    is_shared = False
    for part in by_value.values():
        found = {_rounded(places[at].position) for at in part}
        is_shared = is_shared or not found.isdisjoint(seen)
        seen |= found
    return [by_value[value] for value in sorted(by_value)] if is_shared else [plane]


def _rounded(position: tuple[float, float, float] | None) -> object:
    return position and tuple(round(value, 2) for value in position)
