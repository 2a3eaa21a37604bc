"""Cuts show what lies at their place, in whatever way the volume's slices lie in the patient."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.imaging.geometry.cuts import Plane, cuts_of
from app.imaging.geometry.reslice import Slab, SlabMode, Volume, cut
from app.imaging.geometry.volume import VolumeGeometry, volume_geometry
from tests.factories.reach import must_reach, reached
from tests.factories.volumes import POSITIONS, pixel_places, places, ramp, turned, voxel_places

SLOPES = np.array((1.0, 2.0, -3.0))


def stack(**changes: object) -> VolumeGeometry:
    return volume_geometry(list(places([2.0 * k for k in range(10)], **changes)))  # type: ignore[arg-type]


@st.composite
def geometries(draw: st.DrawFn) -> VolumeGeometry:
    """Volumes in every position, turned, with a tilted gantry, anisotropic, and with uneven distances."""
    orientation = np.array(POSITIONS[draw(st.sampled_from(sorted(POSITIONS)))]).reshape(2, 3)
    if draw(st.booleans()):
        orientation = orientation @ turned(*(draw(st.floats(-60, 60)) for _ in range(3))).T
        reached("turned")
    down = orientation[1]
    tilt = draw(st.sampled_from([0.0, 0.0, 0.35, -0.5]))
    if tilt:
        reached("tilted")
    gaps = draw(st.sampled_from([[1.5] * 8, [0.4] * 9, [2.0, 2.5, 3.0, 3.5, 4.0, 4.5], [1, 1, 1, 3, 3, 3]]))
    return volume_geometry(
        list(
            places(
                np.cumsum([0.0, *gaps]).tolist(),
                rows=draw(st.integers(6, 14)),
                columns=draw(st.integers(6, 14)),
                spacing=(draw(st.floats(0.5, 2.5)), draw(st.floats(0.5, 2.5))),
                orientation=tuple(orientation.ravel().tolist()),
                shift=tuple((tilt * down).tolist()),
            )
        )
    )


@must_reach("turned", "tilted", "looks at voxels", times=10)
@given(geometries(), st.data())
@settings(deadline=None)
def test_a_ramp_is_cut_into_the_same_ramp(geometry: VolumeGeometry, data: st.DataObject) -> None:
    cuts, volume = cuts_of(geometry), ramp(geometry)
    plane = data.draw(st.sampled_from(Plane))
    k = data.draw(st.integers(1, cuts.count(plane)))
    found = cut(volume, cuts, plane, k)
    expected = pixel_places(cuts, plane, k) @ SLOPES
    inner = found.inside & inner_places(geometry, pixel_places(cuts, plane, k))
    if inner.any():
        reached("looks at voxels")
    assert np.abs(found.values - expected)[inner].max(initial=0) < 0.02


def inner_places(geometry: VolumeGeometry, found: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    """Between the centres of the outermost voxels: beyond them no value changes any more."""
    ways = np.array([geometry.across, geometry.down, geometry.along]).T
    column, row, distance = np.moveaxis((found - geometry.origin) @ np.linalg.inv(ways).T, -1, 0)
    ends = (column, geometry.columns - 1), (row, geometry.rows - 1), (distance, geometry.distances[-1])
    inner: np.ndarray = np.all([(at >= 0) & (at <= end) for at, end in ends], axis=0)  # type: ignore[type-arg]
    return inner


@must_reach("turned", "tilted")
@given(geometries(), st.data())
@settings(deadline=None, max_examples=50)
def test_the_cuts_fill_the_box_around_the_volume(geometry: VolumeGeometry, data: st.DataObject) -> None:
    cuts = cuts_of(geometry)
    plane = data.draw(st.sampled_from(Plane))
    volume = Volume(np.ones((len(geometry.distances), geometry.rows, geometry.columns), np.int16), geometry)
    shown = np.array([cut(volume, cuts, plane, k).inside.any() for k in range(1, cuts.count(plane) + 1)])
    assert shown[len(shown) // 2]
    assert shown.mean() > 0.8
    with pytest.raises(IndexError):
        cut(volume, cuts, plane, 0)
    with pytest.raises(IndexError):
        cut(volume, cuts, plane, cuts.count(plane) + 1)


@pytest.mark.parametrize("orientation", POSITIONS.values(), ids=POSITIONS)
def test_right_is_at_the_left_edge_and_front_or_head_on_top(orientation: tuple[float, ...]) -> None:
    geometry = stack(orientation=orientation)
    cuts = cuts_of(geometry)
    found = voxel_places(geometry)
    low, high = found.min(axis=(0, 1, 2)), found.max(axis=(0, 1, 2))
    for axis, name in enumerate(("left", "back", "head")):
        marked = Volume((found[..., axis] > (low[axis] + high[axis]) / 2).astype(np.int16) * 100, geometry)
        axial = cut(marked, cuts, Plane.AXIAL, cuts.count(Plane.AXIAL) - 1).values
        coronal = cut(marked, cuts, Plane.CORONAL, cuts.count(Plane.CORONAL) - 1).values
        sagittal = cut(marked, cuts, Plane.SAGITTAL, cuts.count(Plane.SAGITTAL) - 1).values
        if name == "left":
            assert axial[:, -2].min() == coronal[:, -2].min() == sagittal.min() == 100  # k goes from right to left
            assert axial[:, 1].max() == coronal[:, 1].max() == 0
        if name == "back":
            assert axial[-2].min() == sagittal[:, -2].min() == coronal.min() == 100  # k goes from front to back
            assert axial[1].max() == sagittal[:, 1].max() == 0
        if name == "head":
            assert coronal[1].min() == sagittal[1].min() == axial.min() == 100  # k goes from feet to head
            assert coronal[-2].max() == sagittal[-2].max() == 0


def test_cuts_along_the_slices_are_the_slices_themselves() -> None:
    geometry = stack(rows=40, columns=50)
    voxels = np.random.default_rng(1).integers(-1000, 1000, (10, 40, 50)).astype(np.int16)
    cuts = cuts_of(geometry)
    assert [cuts.count(plane) for plane in Plane] == [10, 40, 50]
    assert [cuts.size(plane) for plane in Plane] == [(40, 50), (20, 50), (20, 40)]
    for k in range(10):
        found = cut(Volume(voxels, geometry), cuts, Plane.AXIAL, k + 1)
        assert np.array_equal(found.values, voxels[k])
        assert found.inside.all()


@pytest.mark.parametrize("degrees", [0.0, 0.3, 25.0])
@pytest.mark.parametrize("plane", Plane)
def test_slabs_show_the_mean_greatest_and_least_value_of_their_thickness(plane: Plane, degrees: float) -> None:
    """Also where the cut is slanted and samples its thickness: a ramp changes by `SLOPES` in each mm."""
    orientation = tuple(turned(degrees, degrees, degrees)[:, :2].T.ravel().tolist())
    geometry = volume_geometry(list(places([1.0 * k for k in range(24)], rows=24, columns=24, orientation=orientation)))
    cuts, volume = cuts_of(geometry), ramp(geometry)
    k = cuts.count(plane) // 2
    thin = cut(volume, cuts, plane, k).values
    through = {Plane.AXIAL: 2, Plane.CORONAL: 1, Plane.SAGITTAL: 0}[plane]
    reach = abs(float(SLOPES[through])) * 3.0
    inner = np.s_[thin.shape[0] // 3 : -thin.shape[0] // 3, thin.shape[1] // 3 : -thin.shape[1] // 3]
    for mode, expected in ((SlabMode.MEAN, 0.0), (SlabMode.GREATEST, reach), (SlabMode.LEAST, -reach)):
        found = cut(volume, cuts, plane, k, Slab(6.0, mode))
        assert found.inside[inner].all()
        assert np.abs(found.values[inner] - thin[inner] - expected).max() < 0.05


def test_a_thin_bright_spot_stays_whole_in_the_greatest_value() -> None:
    geometry = stack()
    voxels = np.zeros((10, 12, 16), np.int16)
    voxels[4, 5, 6] = 1000
    cuts = cuts_of(geometry)
    found = cut(Volume(voxels, geometry), cuts, Plane.AXIAL, 6, Slab(5.0, SlabMode.GREATEST)).values
    assert found[5, 6] == 1000
    assert np.count_nonzero(found) == 1
    mean = cut(Volume(voxels, geometry), cuts, Plane.AXIAL, 5, Slab(200.0)).values
    assert mean[5, 6] == pytest.approx(1000 * 2 / 18)  # one voxel of 2 mm among the 18 between the outermost centres


def test_a_slab_of_uneven_slices_weighs_them_by_their_thickness() -> None:
    geometry = volume_geometry(list(places([0.0, 1, 2, 3, 6, 9, 12])))
    cuts, volume = cuts_of(geometry), ramp(geometry, (0.0, 0.0, 1.0))
    k = 1 + next(k for k in range(20) if cuts.place(Plane.AXIAL, k + 1)[0][2] > 34)
    z = cuts.place(Plane.AXIAL, k)[0][2]
    assert cut(volume, cuts, Plane.AXIAL, k, Slab(4.0)).values == pytest.approx(z, abs=0.01)
