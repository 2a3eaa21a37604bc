"""Slices in order of position along the normal."""

from __future__ import annotations

import math
import random

from hypothesis import given
from hypothesis import strategies as st

from app.imaging.geometry.order import sort_frames, sort_positions
from app.imaging.header.image_header import FrameValues, ImageHeader
from tests.factories.images import image_header

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)


def at(z: float, number: int = 1, orientation: tuple[float, ...] = AXIAL) -> ImageHeader:
    return image_header(
        instance_number=number,
        shared=FrameValues(position=(0, 0, z), orientation=orientation),  # type: ignore[arg-type]
    )


@given(st.permutations([-10.0, -2.5, 0.0, 2.5, 7.0, 1000.0]))
def test_the_order_does_not_depend_on_the_order_of_arrival(positions: list[float]) -> None:
    headers = [at(z) for z in positions]
    assert [positions[index] for index in sort_positions(headers)] == sorted(positions)


def test_equal_positions_are_ordered_by_instance_number() -> None:
    assert sort_positions([at(0, 3), at(0, 1), at(0, 2)]) == [1, 2, 0]


def test_slices_that_are_not_parallel_are_ordered_by_instance_number() -> None:
    assert sort_positions([at(5, 2), at(0, 3, CORONAL), at(9, 1)]) == [2, 0, 1]


def test_slices_without_a_place_are_ordered_by_instance_number() -> None:
    assert sort_positions([image_header(instance_number=2), at(0, 1)]) == [1, 0]


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

    def header(distance: float, number: int) -> ImageHeader:
        angle = tilt + tremble * (number % 3)
        sine, cosine = math.sin(angle), math.cos(angle)
        place = FrameValues(
            position=(7.0, -distance * sine, distance * cosine), orientation=(1.0, 0.0, 0.0, 0.0, cosine, sine)
        )
        return image_header(instance_number=number, shared=place)

    headers = [header(*piece) for piece in slices]
    shuffled = chance.sample(headers, len(headers))
    assert [headers[at] for at in sort_positions(headers)] == [shuffled[at] for at in sort_positions(shuffled)]


def test_the_frames_of_one_object_are_ordered_by_their_own_places() -> None:
    places = tuple(FrameValues(position=(0, 0, z), orientation=AXIAL) for z in (3.0, 1.0, 2.0))  # type: ignore[arg-type]
    assert sort_frames(image_header(number_of_frames=3, per_frame=places)) == [1, 2, 0]


def test_the_frames_of_a_cine_keep_their_order() -> None:
    assert sort_frames(image_header(number_of_frames=3)) == [0, 1, 2]
    assert sort_frames(image_header(number_of_frames=3, shared=at(5).shared)) == [0, 1, 2]
