"""Turned cuts show what lies at their place: the same as the planes they are turned into, markers and ramps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.imaging.geometry import reslice
from app.imaging.geometry.cuts import DIRECTIONS, MOST_PIXELS, Cuts, Plane, cuts_of
from app.imaging.geometry.oblique import Oblique, Place, Quaternion, oblique_place
from app.imaging.geometry.reslice import Slab, SlabMode, Volume, cut, oblique_cut
from app.imaging.geometry.volume import VolumeGeometry, volume_geometry
from tests.factories.reach import must_reach, reached
from tests.factories.volumes import POSITIONS, about, places, ramp, voxel_places
from tests.unit.imaging.test_reslice import SLOPES, geometries, inner_places

Doubles = npt.NDArray[np.float64]
X, Y, Z = np.eye(3)


@st.composite
def turns(draw: st.DrawFn) -> tuple[Doubles, float]:
    """An axis, of any length, and how many degrees to turn about it."""
    axis = np.array([draw(st.integers(-5, 5)) for _ in range(3)], float)
    return (axis if axis.any() else X), draw(st.floats(-180, 180))


def turned_about(axis: Doubles, degrees: float, vector: Doubles) -> Doubles:
    """Rodrigues' formula, said apart from the module that is tested."""
    axis, angle = axis / np.linalg.norm(axis), np.radians(degrees)
    found: Doubles = (
        vector * np.cos(angle) + np.cross(axis, vector) * np.sin(angle) + axis * (axis @ vector) * (1 - np.cos(angle))
    )
    return found


def ways_of(plane: Plane, axis: Doubles, degrees: float) -> tuple[Doubles, Doubles, Doubles]:
    """To the right of a turned picture, down it, and through it; of length 1."""
    directions = DIRECTIONS[plane]
    down = np.eye(3)[directions.vertical] * (-1 if directions.is_upward else 1)
    right, down, through = (
        turned_about(axis, degrees, way) for way in (np.eye(3)[directions.right], down, np.eye(3)[directions.through])
    )
    return right, down, through


def pixel_places(cuts: Cuts, place: Place, plane: Plane, turn: tuple[Doubles, float], mm: float) -> Doubles:
    """Where the centres of the pixels of a turned plane lie: (rows, columns, 3), mm."""
    right, down, through = ways_of(plane, *turn)
    rows, columns = place.size
    j, i = np.mgrid[:rows, :columns]
    pixel = float(np.linalg.norm(place.right))
    found: Doubles = (
        np.array(cuts.centre)
        + through * mm
        + (i - (columns - 1) / 2)[..., np.newaxis] * right * pixel
        + (j - (rows - 1) / 2)[..., np.newaxis] * down * pixel
    )
    return found


def cube(side: int = 24) -> Volume:
    geometry = volume_geometry(list(places([1.0 * k for k in range(side)], rows=side, columns=side)))
    return Volume(np.random.default_rng(2).integers(-900, 900, (side,) * 3).astype(np.int16), geometry)


@must_reach("turned", "tilted", times=5)
@given(geometries(), st.sampled_from(Plane), st.data())
@settings(deadline=None, max_examples=50)
def test_a_plane_that_is_not_turned_is_the_cut_of_the_patients_axes(
    geometry: VolumeGeometry, plane: Plane, data: st.DataObject
) -> None:
    cuts, volume = cuts_of(geometry), ramp(geometry)
    k = data.draw(st.integers(1, cuts.count(plane)))
    mm = (k - (cuts.count(plane) + 1) / 2) * cuts.step(plane)
    theirs, ours = cut(volume, cuts, plane, k), oblique_cut(volume, cuts, plane, Oblique((1, 0, 0, 0), mm))
    both = theirs.inside & ours.inside
    assert ours.values.shape == theirs.values.shape
    assert (theirs.inside != ours.inside).mean() < 0.1  # the outermost pixels fall to either side
    assert np.abs(ours.values - theirs.values)[both].max(initial=0) < 0.02


@pytest.mark.parametrize(
    ("plane", "axis", "degrees", "becomes", "sign"),
    [
        (Plane.AXIAL, X, -90, Plane.CORONAL, 1),
        (Plane.CORONAL, X, 90, Plane.AXIAL, 1),
        (Plane.AXIAL, X + Y - Z, -120, Plane.SAGITTAL, -1),
        (Plane.CORONAL, Z, 90, Plane.SAGITTAL, -1),
    ],
)
def test_a_plane_turned_by_a_right_angle_is_another_plane(
    plane: Plane, axis: Doubles, degrees: float, becomes: Plane, sign: int
) -> None:
    volume = cube()
    cuts = cuts_of(volume.geometry)
    for k in (3, 12, 20):
        mm = (k - (cuts.count(becomes) + 1) / 2) * cuts.step(becomes)
        for slab in (Slab(), Slab(4.0), Slab(5.0, SlabMode.GREATEST), Slab(5.0, SlabMode.LEAST)):
            ours = oblique_cut(volume, cuts, plane, Oblique(about(axis, degrees), sign * mm), slab)
            theirs = cut(volume, cuts, becomes, k, slab)
            assert ours.inside.all()
            assert ours.values == pytest.approx(theirs.values, abs=0.01)


@must_reach("turned", "tilted", "looks at voxels", times=10)
@given(geometries(), st.sampled_from(Plane), turns(), st.floats(-0.4, 0.4))
@settings(deadline=None)
def test_a_ramp_is_cut_into_the_same_ramp_however_the_plane_is_turned(
    geometry: VolumeGeometry, plane: Plane, turn: tuple[Doubles, float], share: float
) -> None:
    cuts, volume = cuts_of(geometry), ramp(geometry)
    mm = share * min(cuts.extent)
    at = Oblique(about(*turn), mm)
    found = oblique_cut(volume, cuts, plane, at)
    where = pixel_places(cuts, oblique_place(cuts, plane, at), plane, turn, mm)
    inner = found.inside & inner_places(geometry, where)
    if inner.any():
        reached("looks at voxels")
    assert np.abs(found.values - where @ SLOPES)[inner].max(initial=0) < 0.03
    assert not found.inside[[0, -1]][:, [0, -1]].all() or not _is_aslant(turn)


def _is_aslant(turn: tuple[Doubles, float]) -> bool:
    axis, degrees = turn
    return np.count_nonzero(axis) == 3 and 10 < abs(degrees) < 80


@pytest.mark.parametrize("orientation", POSITIONS.values(), ids=POSITIONS)
@pytest.mark.parametrize("spacing", [(1.0, 1.0), (0.7, 1.2)])
@pytest.mark.parametrize("tilt", [0.0, 0.3])
def test_markers_lie_where_they_belong_within_half_a_voxel(
    orientation: tuple[float, ...], spacing: tuple[float, float], tilt: float
) -> None:
    """At the left, back and head of the patient, in every position, with gaps that change and a tilted gantry."""
    down = np.array(orientation[3:])
    gaps = np.cumsum([0.0] + [1.5] * 12 + [2.5] * 8).tolist()
    geometry = volume_geometry(list(places(gaps, 40, 40, spacing, orientation, shift=tuple((tilt * down).tolist()))))
    cuts, where = cuts_of(geometry), voxel_places(geometry)
    middle = where.mean(axis=(0, 1, 2))
    for direction in (X, Y, Z):
        marker = middle + direction * 6.0
        spot = np.exp(-((where - marker) ** 2).sum(axis=-1) / (2 * 2.5**2)).astype(np.float32) * 1000
        for plane, turn in (
            (Plane.AXIAL, (X + Y, 25.0)),
            (Plane.CORONAL, (Z - Y, -70.0)),
            (Plane.SAGITTAL, (X + Y + Z, 140.0)),
        ):
            right, down_, through = ways_of(plane, *turn)
            mm = float(through @ (marker - cuts.centre))
            values = oblique_cut(Volume(spot, geometry), cuts, plane, Oblique(about(*turn), mm)).values
            rows, columns = values.shape
            j, i = np.mgrid[:rows, :columns]
            bright = np.where(values > 100, values, 0)
            found = np.array([(bright * i).sum(), (bright * j).sum()]) / bright.sum()
            away = (marker - cuts.centre) / cuts.pixel
            expected = np.array([(columns - 1) / 2 + right @ away, (rows - 1) / 2 + down_ @ away])
            assert np.abs(found - expected).max() < 0.5, (plane, direction)
            assert values.max() > 850  # it lies in this plane, not beside it


@pytest.mark.parametrize("plane", Plane)
@pytest.mark.parametrize("turn", [(X, 20.0), (X + Y + Z, 35.0)])
def test_turned_slabs_show_the_mean_greatest_and_least_value_of_their_thickness(
    plane: Plane, turn: tuple[Doubles, float]
) -> None:
    volume = ramp(cube().geometry)
    cuts, at = cuts_of(volume.geometry), Oblique(about(*turn), 1.3)
    thin = oblique_cut(volume, cuts, plane, at).values
    reach = abs(float(SLOPES @ ways_of(plane, *turn)[2])) * 3.0
    inner = np.s_[thin.shape[0] * 2 // 5 : -thin.shape[0] * 2 // 5, thin.shape[1] * 2 // 5 : -thin.shape[1] * 2 // 5]
    for mode, expected in ((SlabMode.MEAN, 0.0), (SlabMode.GREATEST, reach), (SlabMode.LEAST, -reach)):
        found = oblique_cut(volume, cuts, plane, at, Slab(6.0, mode))
        assert found.inside[inner].all()
        assert np.abs(found.values[inner] - thin[inner] - expected).max() < 0.05


def test_the_whole_box_is_shown_and_the_middle_of_the_picture_is_the_middle_of_the_box() -> None:
    cuts = cuts_of(cube().geometry)
    for plane in Plane:
        place = oblique_place(cuts, plane, Oblique(about(X + Y + Z, 33), 2.0))
        rows, columns = place.size
        ways = np.array([place.right, place.down]) / cuts.pixel
        corners = np.array(np.meshgrid(*[(-side / 2, side / 2) for side in cuts.extent])).reshape(3, -1).T
        seen = np.abs(corners @ ways.T / cuts.pixel).max(axis=0)
        assert (seen <= np.array([columns, rows]) / 2 + 0.5).all()
        middle = (
            np.array(place.start) + np.array(place.right) * (columns - 1) / 2 + np.array(place.down) * (rows - 1) / 2
        )
        assert middle == pytest.approx(np.array(cuts.centre) + np.array(place.through) * 2.0)


def test_a_smaller_picture_skips_no_voxel_and_none_is_larger_than_allowed() -> None:
    cuts, turn = cuts_of(cube(64).geometry), about(X + Y + Z, 33)
    whole = oblique_place(cuts, Plane.AXIAL, Oblique(turn, 0)).size
    for longest in range(8, 140):
        place = oblique_place(cuts, Plane.AXIAL, Oblique(turn, 0), longest)
        pixel = float(np.linalg.norm(place.right))
        assert 1 <= pixel < 2
        assert max(place.size) == max(whole) or max(place.size) % longest == 0
    huge = replace(cuts, extent=(40_000.0, 10.0, 3000.0))
    assert max(oblique_place(huge, Plane.CORONAL, Oblique(turn, 0)).size) == MOST_PIXELS


def test_strips_of_a_picture_are_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    volume = cube()
    cuts, at = cuts_of(volume.geometry), Oblique(about(X + Y + Z, 33), 1.5)
    for slab in (Slab(), Slab(4.0), Slab(4.0, SlabMode.LEAST)):
        monkeypatch.setattr(reslice, "STRIP", 1 << 20)
        whole = oblique_cut(volume, cuts, Plane.CORONAL, at, slab)
        for strip in (1, 100):
            monkeypatch.setattr(reslice, "STRIP", strip)
            found = oblique_cut(volume, cuts, Plane.CORONAL, at, slab)
            assert np.array_equal(found.inside, whole.inside)
            assert found.values[found.inside] == pytest.approx(whole.values[whole.inside], abs=0.01)


def test_a_plane_beside_the_box_is_none() -> None:
    volume = cube()
    cuts, turn = cuts_of(volume.geometry), about(X + Y + Z, 33)
    with pytest.raises(IndexError):
        oblique_cut(volume, cuts, Plane.AXIAL, Oblique(turn, 40.0))
    with pytest.raises(IndexError):
        oblique_cut(volume, cuts, Plane.AXIAL, Oblique((1, 0, 0, 0), -13.5))
    assert oblique_cut(volume, cuts, Plane.AXIAL, Oblique((1, 0, 0, 0), -12.0)).inside.any()


def test_a_turn_that_was_rounded_turns_without_stretching() -> None:
    cuts = cuts_of(cube().geometry)
    rounded: Quaternion = (0.8004, 0.0, 0.6002, 0.0)
    place = oblique_place(cuts, Plane.SAGITTAL, Oblique(rounded, 0))
    ways = np.array([place.right, place.down, np.array(place.through) * cuts.pixel]) / cuts.pixel
    assert ways @ ways.T == pytest.approx(np.eye(3))
