"""Which slices make a volume, and why others do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.imaging.geometry.volume import NoVolume, Refused, SlicePlace, VolumeGeometry, volume_geometry
from tests.factories.reach import must_reach, reached
from tests.factories.volumes import AXIAL, POSITIONS, places, turned, voxel_places

TEN = [2.0 * k for k in range(10)]


def reason(slices: list[SlicePlace | None]) -> NoVolume:
    with pytest.raises(Refused) as refused:
        volume_geometry(slices)
    return refused.value.reason


def test_slices_are_put_in_order_and_every_voxel_keeps_its_place() -> None:
    given_places = places(TEN, spacing=(0.5, 0.75))
    mixed = [given_places[at] for at in (3, 1, 0, 2, 9, 8, 7, 6, 5, 4)]
    geometry = volume_geometry(mixed)
    assert [mixed[at].position for at in geometry.slices] == [place.position for place in given_places]
    found = voxel_places(geometry)
    assert found.shape == (10, 12, 16, 3)
    assert np.allclose(found[4, 0, 0], (10, -20, 38))
    assert np.allclose(found[4, 2, 3], (10 + 3 * 0.75, -20 + 2 * 0.5, 38))


def test_a_tilted_gantry_shifts_the_slices_along_their_plane() -> None:
    tilt = np.radians(20)
    orientation = (1.0, 0.0, 0.0, 0.0, float(np.cos(tilt)), float(-np.sin(tilt)))
    stack = [
        replace(place, position=(0.0, 0.0, 5.0 * k)) for k, place in enumerate(places(TEN, orientation=orientation))
    ]
    geometry = volume_geometry(stack)
    assert np.allclose(np.diff(geometry.distances), 5 * np.cos(tilt))
    assert np.allclose(voxel_places(geometry)[:, 0, 0], [(0, 0, 5 * k) for k in range(10)])


def test_spacing_that_changes_from_one_part_to_the_next_keeps_every_slice_where_it_is() -> None:
    distances = [0.0, 2, 4, 6, 8, 13, 18, 23]
    with pytest.raises(Refused):  # the step from 2 to 5 looks the same as a gap only when it stands alone
        volume_geometry(places([0.0, 2, 4, 6, 8, 13, 15, 17]))
    assert volume_geometry(places(distances)).distances == tuple(distances)


def test_a_missing_slice_is_told_wherever_it_lacks() -> None:
    for at in range(1, 9):
        assert reason(list(places([d for k, d in enumerate(TEN) if k != at]))) is NoVolume.SLICES_MISSING
    lost: list[SlicePlace | None] = [None if k == 4 else place for k, place in enumerate(places(TEN))]
    assert reason(lost) is NoVolume.SLICES_MISSING
    at_the_end: list[SlicePlace | None] = [*places(TEN)[:9], None]
    assert len(volume_geometry(at_the_end).distances) == 9


def test_slices_at_one_place_are_several_volumes() -> None:
    assert reason([*places(TEN), *places(TEN)]) is NoVolume.SEVERAL_VOLUMES
    assert reason([*places(TEN), *places([6.05])]) is NoVolume.SEVERAL_VOLUMES
    assert reason(list(places([0.0] * 10))) is NoVolume.SEVERAL_VOLUMES


def test_localizers_are_left_out_and_mixed_stacks_refused() -> None:
    scouts = places([0.0, 10.0], orientation=(0.0, 1.0, 0.0, 0.0, 0.0, -1.0))
    geometry = volume_geometry([scouts[0], *places(TEN), scouts[1]])
    assert geometry.slices == tuple(range(1, 11))
    assert reason([*places(TEN), *places(TEN, orientation=(0.0, 1.0, 0.0, 0.0, 0.0, -1.0))]) is NoVolume.MIXED_PLANES
    assert reason([*places(TEN), *places([20.0 + d for d in TEN], rows=24)]) is NoVolume.MIXED_PLANES
    elsewhere = places([20.0 + d for d in TEN], frame_of_reference_uid="1.2.3")
    assert reason([*places(TEN), *elsewhere]) is NoVolume.MIXED_PLANES
    fan = [places([0.0], orientation=tuple(turned(0, 0, 3.0 * k)[:, :2].T.ravel()))[0] for k in range(100)]
    assert reason(list(fan)) is NoVolume.MIXED_PLANES


def test_parallel_slices_beside_each_other_are_no_volume() -> None:
    jumping = [replace(p, position=(10.0 + 3 * (k % 2), -20.0, 2.0 * k)) for k, p in enumerate(places(TEN))]
    assert reason(list(jumping)) is NoVolume.SLICES_UNALIGNED


def test_too_few_slices_are_told() -> None:
    assert reason(list(places(TEN[:4]))) is NoVolume.TOO_FEW_SLICES
    assert reason([]) is NoVolume.NO_PLACE
    assert reason([None]) is NoVolume.NO_PLACE
    assert reason([replace(place, spacing=None) for place in places(TEN)]) is NoVolume.NO_PLACE


@pytest.mark.parametrize(
    "broken",
    [
        {"orientation": (0.0,) * 6},
        {"orientation": (1.0, 0, 0, 1.0, 0, 0)},
        {"orientation": (1.0, 0, 0, -1.0, 0, 0)},
        {"orientation": (1.0, 0, 0, 0, float("nan"), 0)},
        {"orientation": (1.0, 0, 0)},
        {"orientation": (2.0, 0, 0, 0, 2.0, 0)},
        {"orientation": (1.0, 0, 0, 0.5, 0.8660254, 0)},
        {"position": (float("inf"), 0.0, 0.0)},
        {"position": (1e11, 0.0, 0.0)},
        {"spacing": (float("nan"), 1.0)},
        {"spacing": (0.0, 1.0)},
        {"spacing": (1e-9, 1.0)},
        {"spacing": (900.0, 1.0)},
        {"rows": 1},
    ],
    ids=str,
)
def test_hostile_geometry_is_named_and_harms_no_other_slice(broken: dict[str, object]) -> None:
    odd = [replace(place, **broken) for place in places(TEN)]  # type: ignore[arg-type]
    assert reason(list(odd)) is NoVolume.GEOMETRY_ODD
    assert volume_geometry([*places(TEN), odd[0]]).slices == tuple(range(10))


@pytest.mark.parametrize("orientation", POSITIONS.values(), ids=POSITIONS)
def test_every_position_of_the_patient_makes_a_volume(orientation: tuple[float, ...]) -> None:
    geometry = volume_geometry(list(places(TEN, orientation=orientation)))
    assert np.allclose(np.linalg.det([geometry.across, geometry.down, geometry.along]), 1)


def test_it_is_the_same_after_a_way_through_json() -> None:
    import json

    geometry = volume_geometry(list(places(TEN)))
    assert VolumeGeometry.from_json(json.loads(json.dumps(geometry.to_json()))) == geometry


def test_a_coarser_volume_lies_where_the_finer_one_does() -> None:
    geometry = volume_geometry(list(places(TEN, spacing=(0.5, 0.75), orientation=POSITIONS["FFDL"])))
    blocks = voxel_places(geometry).reshape(5, 2, 4, 3, 8, 2, 3).mean(axis=(1, 3, 5))
    assert np.allclose(voxel_places(geometry.coarser(2, 3, 2)), blocks)


numbers = st.one_of(st.floats(), st.sampled_from([0.0, 1.0, -1.0, 1e-300, 1e300]))


any_place = st.builds(
    SlicePlace,
    st.integers(0, 5),
    st.integers(0, 5),
    st.none() | st.tuples(numbers, numbers),
    st.none() | st.tuples(numbers, numbers, numbers),
    st.none() | st.just(AXIAL) | st.tuples(*[numbers] * 6),
)
sound = st.builds(
    lambda first, gap, count: places([first + gap * k for k in range(count)]),
    st.floats(-1000, 1000),
    st.floats(0.5, 5),
    st.integers(10, 14),
)


@must_reach("a volume", "refused")
@given(st.lists(any_place, max_size=8) | sound | st.tuples(sound, any_place).map(lambda both: [*both[0], both[1]]))
def test_no_numbers_raise_anything_but_a_refusal(slices: list[SlicePlace]) -> None:
    try:
        geometry = volume_geometry(list(slices))
    except Refused:
        reached("refused")
        return
    reached("a volume")
    assert all(np.diff(geometry.distances) > 0)
