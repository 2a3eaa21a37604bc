"""Planes and b-values that are no stack together are parted; what belongs together stays."""

from __future__ import annotations

import math
from dataclasses import replace

from app.imaging.geometry.parting import parts_of
from app.imaging.header.image_header import FrameValues

AXIAL, CORONAL, SAGITTAL = (
    (1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
    (1.0, 0.0, 0.0, 0.0, 0.0, -1.0),
    (0.0, 1.0, 0.0, 0.0, 0.0, -1.0),
)
Orientation = tuple[float, float, float, float, float, float]


def at(z: float, orientation: Orientation = AXIAL, b_value: float | None = None) -> FrameValues:
    return FrameValues(position=(0.0, 0.0, z), orientation=orientation, b_value=b_value)


def turned(degrees: float) -> Orientation:
    """About the axis of the body, as the planes of a cholangiogram are."""
    sine, cosine = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    return (cosine, sine, 0.0, 0.0, 0.0, -1.0)


def test_a_localizer_of_three_planes_becomes_three_stacks() -> None:
    places = [at(0, AXIAL), at(0, CORONAL), at(0, SAGITTAL), at(5, AXIAL), at(5, SAGITTAL)]
    assert parts_of(places) == [[0, 3], [1], [2, 4]]


def test_slightly_oblique_planes_of_a_localizer_are_parted_too() -> None:
    tilted = (1.0, 0.0, 0.0, 0.0, math.cos(0.2), math.sin(0.2))
    assert parts_of([at(0, tilted), at(0, CORONAL), at(5, AXIAL)]) == [[0, 2], [1]]


def test_planes_that_turn_little_by_little_stay_together() -> None:
    radial = [at(0, turned(15 * step)) for step in range(12)]
    assert parts_of(radial) == [list(range(12))]
    turning = [at(0, turned(60 * step)) for step in range(6)]  # as a projection that turns has them
    assert sum(map(len, parts_of(turning))) == 6


def test_the_tilted_planes_along_a_spine_stay_together() -> None:
    tilts = [math.radians(angle) for angle in (-25, -25, -10, -10, 0, 0, 15, 15)]
    places = [at(n, (1.0, 0.0, 0.0, 0.0, math.cos(tilt), math.sin(tilt))) for n, tilt in enumerate(tilts)]
    assert parts_of(places) == [list(range(8))]


def test_slices_without_a_place_stay_with_the_others() -> None:
    assert parts_of([at(0), FrameValues(), at(0, CORONAL)]) == [[0, 1, 2]]
    assert parts_of([]) == [[]] or parts_of([]) == []


def test_b_values_of_the_same_places_become_stacks_in_ascending_order() -> None:
    places = [at(z, b_value=b) for z in (0.0, 5.0) for b in (1000.0, 0.0, 500.0)]
    assert parts_of(places) == [[1, 4], [2, 5], [0, 3]]


def test_a_map_without_b_value_among_them_is_a_stack_of_its_own() -> None:
    places = [at(0, b_value=0), at(0, b_value=1000), at(0)]
    assert parts_of(places) == [[2], [0], [1]]


def test_directions_of_one_b_value_stay_together() -> None:
    places = [at(z, b_value=1000) for z in (0.0, 5.0) for _ in range(6)]
    assert parts_of(places) == [list(range(12))]


def test_b_values_of_different_places_stay_together() -> None:
    assert parts_of([at(0, b_value=0), at(5, b_value=1000)]) == [[0, 1]]


def test_planes_and_b_values_are_parted_both() -> None:
    places = [at(0, plane, b) for plane in (AXIAL, CORONAL) for b in (800.0, 0.0)]
    assert parts_of(places) == [[1], [0], [3], [2]]


def test_echoes_phases_and_points_in_time_of_the_same_places_become_stacks() -> None:
    for name in ("echo_ms", "time_point", "cardiac_phase", "acquisition"):
        places = [replace(at(z), **{name: value}) for z in (0.0, 5.0, 10.0) for value in (2.0, 1.0)]
        assert parts_of(places) == [[1, 3, 5], [0, 2, 4]], name
    kinds = [replace(at(z), flavour=kind) for z in (0.0, 5.0) for kind in ("WATER", "FAT")]
    assert parts_of(kinds) == [[1, 3], [0, 2]]


def test_two_things_that_tell_apart_are_both_used() -> None:
    places = [replace(at(z), echo_ms=echo, flavour=kind) for z in (0.0, 5.0) for echo in (1.0, 2.0) for kind in "MP"]
    assert parts_of(places) == [[0, 4], [1, 5], [2, 6], [3, 7]]


def test_a_film_of_many_points_in_time_stays_one_stack() -> None:
    places = [replace(at(z), time_point=float(time)) for z in (0.0, 5.0) for time in range(9)]
    assert parts_of(places) == [list(range(18))]


def test_acquisitions_of_different_places_stay_together() -> None:
    assert parts_of([replace(at(z), acquisition=z, echo_ms=z) for z in (0.0, 5.0, 10.0)]) == [[0, 1, 2]]


def test_images_that_lack_what_tells_them_apart_stay_together() -> None:
    assert parts_of([replace(at(0), echo_ms=1.0), at(0), at(5)]) == [[0, 1, 2]]
