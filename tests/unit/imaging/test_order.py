"""Slices in order of position along the normal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.imaging.header import FrameValues, ImageHeader
from app.imaging.order import sort_positions
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
