"""Which slices of a series are no stack together: those of other planes, and those of another volume of the same
places: another b-value, echo, point in time, phase of the heart, acquisition, or kind of image.

A radial series, whose planes turn little by little, stays one stack; so do the tilted planes along a spine.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from app.imaging.geometry.order import normal_of
from app.imaging.header.image_header import FrameValues

NEAR, FAR = float(np.cos(np.radians(30))), float(np.cos(np.radians(45)))
TELLS_APART = ("echo_ms", "time_point", "cardiac_phase", "acquisition", "flavour")
MOST_VOLUMES = 8
"""A series of more volumes is a film of time: nobody wants a stack for each of its points."""
MOST_LONELY = 3
"""So many planes of one slice each are a localizer; more of them turn around an axis."""


def parts_of(places: Sequence[FrameValues]) -> list[list[int]]:
    """Indexes of `places`, part by part, each in the given order. Planes come in order of their first slice, volumes of
    the same places in ascending order of what tells them apart, slices without a b-value first."""
    return [
        volume for plane in _planes(places) for part in _b_values(places, plane) for volume in _volumes(places, part)
    ]


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
    return [by_value[value] for value in sorted(by_value)] if _is_shared(places, by_value.values()) else [plane]


def _volumes(places: Sequence[FrameValues], part: list[int], left: tuple[str, ...] = TELLS_APART) -> list[list[int]]:
    """Parted by what tells images of one place apart, when that makes few volumes; else as it is: then its images of
    one place are scrolled together, and no cuts are made (`volume`)."""
    if not left or len({_rounded(places[at].position) for at in part}) == len(part):
        return [part]
    found: dict[Any, list[int]] = {}
    for at in part:
        found.setdefault(getattr(places[at], left[0]), []).append(at)
    if None in found or not 1 < len(found) <= MOST_VOLUMES or not _is_shared(places, found.values()):
        return _volumes(places, part, left[1:])
    return [volume for value in sorted(found) for volume in _volumes(places, found[value], left[1:])]


def _is_shared(places: Sequence[FrameValues], parts: Iterable[list[int]]) -> bool:
    """Whether two of the parts have an image at one place."""
    seen: set[object] = set()
    for part in parts:
        found = {_rounded(places[at].position) for at in part}
        if not found.isdisjoint(seen):
            return True
        seen |= found
    return False


def _rounded(position: tuple[float, float, float] | None) -> object:
    return position and tuple(round(value, 2) for value in position)
