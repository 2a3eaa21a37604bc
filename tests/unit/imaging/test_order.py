"""Slices in order of position along the normal."""

from __future__ import annotations

import math
import random

from hypothesis import given
from hypothesis import strategies as st

from app.imaging.geometry.order import sort_places
from app.imaging.header.image_header import FrameValues

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)


def at(z: float, orientation: tuple[float, ...] | None = AXIAL) -> FrameValues:
    return FrameValues(position=(0, 0, z), orientation=orientation)  # type: ignore[arg-type]


@given(st.permutations([-10.0, -2.5, 0.0, 2.5, 7.0, 1000.0]))
def test_the_order_does_not_depend_on_the_order_of_arrival(positions: list[float]) -> None:
    assert [positions[index] for index in sort_places([at(z) for z in positions])] == sorted(positions)


def test_equal_positions_keep_their_order() -> None:
    assert sort_places([at(0), at(0), at(-1), at(0)]) == [2, 0, 1, 3]


def test_slices_that_are_not_parallel_keep_their_order() -> None:
    assert sort_places([at(5), at(0, CORONAL), at(-9)]) == [0, 1, 2]


def test_slices_of_which_one_has_no_place_keep_their_order() -> None:
    assert sort_places([at(5), FrameValues(), at(-9)]) == [0, 1, 2]


def test_without_orientation_the_coordinate_counts_that_differs_most() -> None:
    places = [FrameValues(position=(float(n % 2), z, 3.0)) for n, z in enumerate((30.0, 10.0, 20.0))]
    assert sort_places(places) == [1, 2, 0]


def test_without_position_the_slice_location_counts() -> None:
    assert sort_places([FrameValues(location=z) for z in (30.0, 10.0, 20.0)]) == [1, 2, 0]


@given(
    st.lists(st.tuples(st.floats(-500, 500), st.integers(1, 400)), min_size=1, max_size=30, unique_by=lambda it: it[1]),
    st.floats(-1.5, 1.5),
    st.floats(0, 2e-4),
    st.randoms(use_true_random=False),
)
def test_an_oblique_stack_with_a_trembling_normal_has_one_order(
    slices: list[tuple[float, int]], tilt: float, tremble: float, chance: random.Random
) -> None:
    """Whatever the order of arrival, and whatever slice comes first."""

    def place(distance: float, number: int) -> FrameValues:
        angle = tilt + tremble * (number % 3)
        sine, cosine = math.sin(angle), math.cos(angle)
        return FrameValues(
            position=(7.0, -distance * sine, distance * cosine), orientation=(1.0, 0.0, 0.0, 0.0, cosine, sine)
        )

    def ordered(pieces: list[tuple[float, int]]) -> list[tuple[float, int]]:
        by_number = sorted(pieces, key=lambda piece: piece[1])
        return [by_number[index] for index in sort_places([place(*piece) for piece in by_number])]

    assert ordered(slices) == ordered(chance.sample(slices, len(slices)))
