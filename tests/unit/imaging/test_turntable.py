"""The turntable shows the body from where it says, and only the tissue of its look."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from app.imaging.geometry.cuts import cuts_of
from app.imaging.geometry.reslice import Volume
from app.imaging.geometry.turntable import LOOKS, PICTURES, LookName, Rgb, body_of, opacities_of, picture
from app.imaging.geometry.volume import volume_geometry
from tests.factories.volumes import POSITIONS, places, voxel_places

AIR, BONE = -1000, 1200


def shown(marked: str, number: int, look: LookName = LookName.BONE, orientation: str = "HFS", value: int = BONE) -> Rgb:
    """Picture `number` of a block of air with a bone at one face."""
    geometry = volume_geometry(list(places([2.0 * k for k in range(20)], 40, 40, (1.0, 1.0), POSITIONS[orientation])))
    found = voxel_places(geometry)
    low, high = found.min(axis=(0, 1, 2)), found.max(axis=(0, 1, 2))
    share: npt.NDArray[np.float64] = (found - low) / (high - low)
    axis, at_high = {"right": (0, False), "left": (0, True), "front": (1, False), "back": (1, True)}.get(
        marked, (2, marked == "head")
    )
    others = [one for one in range(3) if one != axis]
    near = share[..., axis] > 0.85 if at_high else share[..., axis] < 0.15
    middle = np.all([np.abs(share[..., one] - 0.5) < 0.15 for one in others], axis=0)
    voxels = np.where(near & middle, value, AIR).astype(np.int16)
    body = body_of(Volume(voxels, geometry), cuts_of(geometry), 1.0, 0.0)
    return picture(opacities_of(body, LOOKS[look]), LOOKS[look], number)


def centre(found: Rgb) -> tuple[float, float]:
    """Where the bone is, as shares of height and width."""
    rows, columns = np.nonzero(found.sum(axis=-1) > 60)
    assert rows.size
    return float(rows.mean() / found.shape[0]), float(columns.mean() / found.shape[1])


@pytest.mark.parametrize("orientation", POSITIONS)
def test_from_the_front_the_right_side_is_at_the_left_and_the_head_on_top(orientation: str) -> None:
    assert centre(shown("right", 1, orientation=orientation))[1] < 0.35
    assert centre(shown("left", 1, orientation=orientation))[1] > 0.65
    assert centre(shown("head", 1, orientation=orientation))[0] < 0.3
    assert centre(shown("feet", 1, orientation=orientation))[0] > 0.7
    assert centre(shown("front", 1, orientation=orientation)) == pytest.approx((0.5, 0.5), abs=0.05)


def test_a_quarter_turn_brings_a_side_to_the_front_and_half_a_turn_the_back() -> None:
    quarter, half = 1 + PICTURES // 4, 1 + PICTURES // 2
    sides = {name: centre(shown(name, quarter))[1] for name in ("front", "back")}
    assert sorted(sides.values())[0] < 0.35
    assert sorted(sides.values())[1] > 0.65
    assert centre(shown("right", half))[1] > 0.65
    assert centre(shown("left", half))[1] < 0.35
    assert centre(shown("right", quarter)) == pytest.approx((0.5, 0.5), abs=0.05)


def test_what_is_nearer_hides_what_is_behind() -> None:
    layers = {name: shown(name, 1).astype(int).sum() for name in ("front", "back")}
    assert layers["front"] == pytest.approx(layers["back"], rel=0.1)  # alone, both are seen


def test_a_look_shows_its_tissue_alone() -> None:
    assert shown("front", 1, LookName.BONE, value=40).max() == 0
    assert shown("front", 1, LookName.VESSELS, value=350).max() > 30
    assert shown("front", 1, LookName.SKIN, value=0).max() > 100
    assert shown("front", 1, LookName.LUNG, value=-700).max() > 0
    assert shown("front", 1, LookName.LUNG, value=AIR).max() == 0


def test_there_are_as_many_pictures_as_told() -> None:
    for number in (0, PICTURES + 1):
        with pytest.raises(IndexError):
            shown("front", number)
