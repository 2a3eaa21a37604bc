"""Cuts agree with SimpleITK, an independent program: on smooth and noisy phantoms, and on a real chest CT."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
import SimpleITK as sitk  # noqa: N813 - as all its users call it
from pydicom import dcmread

from app.imaging.codecs.decode import decode_frame
from app.imaging.geometry.cuts import Cuts, Plane, cuts_of
from app.imaging.geometry.oblique import Oblique, Place, oblique_place
from app.imaging.geometry.reslice import Cut, Slab, SlabMode, Volume, cut, oblique_cut
from app.imaging.geometry.volume import SlicePlace, VolumeGeometry, volume_geometry
from deploy.testbed.shared_data import files_of
from tests.factories.volumes import POSITIONS, about, places, turned
from tests.integration.imaging.test_real_images import content, image_in
from tests.shared_data import needs

WINDOW = 400.0


def as_itk(volume: Volume) -> object:
    geometry = volume.geometry
    image = sitk.GetImageFromArray(np.asarray(volume.voxels, np.float32))
    along = np.array(geometry.along) * geometry.gap
    ways = np.array([geometry.across, geometry.down, along])
    sides = np.linalg.norm(ways, axis=1)
    image.SetOrigin(geometry.origin)
    image.SetSpacing(sides.tolist())
    image.SetDirection((ways / sides[:, np.newaxis]).T.ravel().tolist())
    return image


def their_cut(image: object, cuts: Cuts, plane: Plane, k: int) -> npt.NDArray[np.float32]:
    return their_values(image, Place(*cuts.place(plane, k), cuts.size(plane)))


def their_values(image: object, place: Place) -> npt.NDArray[np.float32]:
    """The same pixels, interpolated by SimpleITK."""
    rows, columns = place.size
    ways = np.array([place.right, place.down, place.through])
    sides = np.linalg.norm(ways, axis=1)
    resampler = sitk.ResampleImageFilter()
    resampler.SetSize((columns, rows, 1))
    resampler.SetOutputOrigin(place.start)
    resampler.SetOutputSpacing(sides.tolist())
    resampler.SetOutputDirection((ways / sides[:, np.newaxis]).T.ravel().tolist())
    resampler.SetInterpolator(sitk.sitkLinear)
    resampler.SetDefaultPixelValue(float("nan"))
    found: npt.NDArray[np.float32] = sitk.GetArrayFromImage(resampler.Execute(image))[0]
    return found


def assert_alike(volume: Volume, share_shown: float = 0.1) -> None:
    cuts, image = cuts_of(volume.geometry), as_itk(volume)
    for plane in Plane:
        count = cuts.count(plane)
        for k in {max(1, count // 4), max(1, count // 2), max(1, count * 3 // 4)}:
            ours, theirs = cut(volume, cuts, plane, k), their_cut(image, cuts, plane, k)
            both = ours.inside & np.isfinite(theirs)
            # a pixel on the very face of the volume may fall to either side
            assert np.mean(ours.inside != np.isfinite(theirs)) < 0.05
            assert both.mean() > share_shown
            difference = np.abs(ours.values - theirs)[both]
            assert difference.mean() <= 0.001 * WINDOW
            assert difference.max() <= 0.02 * WINDOW


def assert_turned_alike(volume: Volume, seed: int) -> None:
    """Planes that are turned at random."""
    random = np.random.default_rng(seed)
    cuts, image = cuts_of(volume.geometry), as_itk(volume)
    for plane in Plane:
        for _ in range(4):
            mm = float(random.uniform(-0.25, 0.25)) * min(cuts.extent)
            at = Oblique(about(random.normal(size=3), float(random.uniform(-180, 180))), mm)
            ours, theirs = oblique_cut(volume, cuts, plane, at), their_values(image, oblique_place(cuts, plane, at))
            both = ours.inside & np.isfinite(theirs)
            assert np.mean(ours.inside != np.isfinite(theirs)) < 0.01
            assert both.mean() > 0.05  # of the picture, which shows all of the box
            difference = np.abs(ours.values - theirs)[both]
            assert difference.mean() <= 0.001 * WINDOW
            assert difference.max() <= 0.02 * WINDOW


def noisy(geometry: VolumeGeometry) -> Volume:
    shape = (len(geometry.distances), geometry.rows, geometry.columns)
    return Volume(np.random.default_rng(3).integers(-200, 200, shape).astype(np.int16), geometry)


@pytest.mark.parametrize("orientation", POSITIONS.values(), ids=POSITIONS)
def test_cuts_agree_in_every_position_of_the_patient(orientation: tuple[float, ...]) -> None:
    slices = places([2.5 * k for k in range(20)], 40, 48, (0.8, 0.8), orientation)
    assert_alike(noisy(volume_geometry(list(slices))), 0.9)
    assert_turned_alike(noisy(volume_geometry(list(slices))), 1)


@pytest.mark.parametrize("degrees", [(0, 0, 20), (15, 0, 0), (12, -30, 41), (80, 5, 3)])
def test_cuts_agree_where_slices_are_oblique_and_voxels_anisotropic(degrees: tuple[float, float, float]) -> None:
    orientation = tuple(turned(*degrees)[:, :2].T.ravel().tolist())
    slices = places([3.0 * k for k in range(24)], 40, 48, (0.6, 0.9), orientation)
    assert_alike(noisy(volume_geometry(list(slices))))
    assert_turned_alike(noisy(volume_geometry(list(slices))), 2)


@pytest.mark.parametrize("degrees", [-25, 12])
def test_cuts_agree_where_the_gantry_is_tilted(degrees: float) -> None:
    """Slices lie above each other, but none at right angles to the way through them."""
    cos, sin = float(np.cos(np.radians(degrees))), float(np.sin(np.radians(degrees)))
    orientation = (1.0, 0.0, 0.0, 0.0, cos, sin)
    slices = places([3.0 * k for k in range(24)], 40, 48, (0.9, 0.9), orientation, shift=(0, -sin / 4, cos / 4))
    assert_alike(noisy(volume_geometry(list(slices))))
    assert_turned_alike(noisy(volume_geometry(list(slices))), 2)


def test_slabs_agree_with_the_mean_of_many_thin_cuts_of_theirs() -> None:
    orientation = tuple(turned(12, -30, 41)[:, :2].T.ravel().tolist())
    volume = noisy(volume_geometry(list(places([1.0 * k for k in range(40)], 40, 40, (1.0, 1.0), orientation))))
    cuts, image = cuts_of(volume.geometry), as_itk(volume)
    for plane in Plane:
        k = cuts.count(plane) // 2
        place = Place(*cuts.place(plane, k), cuts.size(plane))
        assert_slabs_alike(lambda slab, plane=plane, k=k: cut(volume, cuts, plane, k, slab), image, place)


def assert_slabs_alike(ours: Callable[[Slab], Cut], image: object, place: Place) -> None:
    """`ours`: a slab whose middle lies at the place."""
    theirs = []
    for mm in np.linspace(-4, 4, 65):
        start = np.array(place.start) + np.array(place.through) * mm
        theirs.append(their_values(image, replace(place, start=tuple(start.tolist()))))
    all_inside = np.isfinite(theirs).all(axis=0)
    assert all_inside.mean() > 0.1
    for mode, expected in ((SlabMode.MEAN, np.mean), (SlabMode.GREATEST, np.max), (SlabMode.LEAST, np.min)):
        difference = np.abs(ours(Slab(8.0, mode)).values - expected(theirs, axis=0))[all_inside]  # type: ignore[operator]
        assert difference.mean() <= 0.03 * WINDOW  # noise: between their planes and ours its peaks differ
        if mode is SlabMode.MEAN:
            assert difference.mean() <= 0.01 * WINDOW


@pytest.mark.parametrize("plane", Plane)
def test_turned_slabs_agree_with_the_mean_of_many_thin_cuts_of_theirs(plane: Plane) -> None:
    orientation = tuple(turned(12, -30, 41)[:, :2].T.ravel().tolist())
    volume = noisy(volume_geometry(list(places([1.0 * k for k in range(40)], 40, 40, (1.0, 1.0), orientation))))
    cuts, at = cuts_of(volume.geometry), Oblique(about(np.array([1.0, 2.0, -1.0]), 40), 2.5)
    assert_slabs_alike(
        lambda slab: oblique_cut(volume, cuts, plane, at, slab), as_itk(volume), oblique_place(cuts, plane, at)
    )


def test_cuts_of_a_real_chest_agree() -> None:
    needs("ct-chest-nlst-101287")
    files = [path for path in files_of("ct-chest-nlst-101287") if path.parent.name == "ct"]
    found = []
    for path in files[40:100]:
        raw = content(path)
        header, index, _ = image_in(raw)
        assert header is not None
        assert index is not None
        frame = b"".join(raw[start : start + length] for start, length in index.pieces(0))
        found.append(
            (SlicePlace.of(header, 0), decode_frame(header, frame).pixels, dcmread(path, stop_before_pixels=True))
        )
    geometry = volume_geometry([place for place, _, _ in found])
    assert geometry.origin == pytest.approx(found[geometry.slices[0]][2].ImagePositionPatient, abs=0.01)
    volume = Volume(np.stack([found[at][1] for at in geometry.slices]), geometry)
    assert_alike(volume, 0.9)
    assert_turned_alike(volume, 3)
