"""A turntable: the volume seen from around, as an opaque or translucent body, by a ray compositor of our own.

The volume is first brought down to a small grid of equal sides along the patient's axes (`body_of`); each picture turns
that grid around the axis from feet to head and looks through it. Which tissue is seen is a `Look`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from app.imaging.geometry.cuts import Cuts, Plane
from app.imaging.geometry.reslice import Slab, Volume, cut

Floats = npt.NDArray[np.float32]
Rgb = npt.NDArray[np.uint8]

PICTURES = 36
"""Of a whole turn; picture 1 looks from the front, and the body turns its right side to the viewer next."""
MOST_VOXELS_A_SIDE = 192
OPAQUE = 0.98
AMBIENT, LIGHT = 0.35, 0.65


class LookName(StrEnum):
    BONE = "bone"
    VESSELS = "vessels"
    LUNG = "lung"
    SKIN = "skin"


@dataclass(frozen=True)
class Look:
    """Opacity of a mm over values in modality units (HU of CT), linear between these points, and a colour."""

    points: tuple[tuple[float, float], ...]
    colour: tuple[int, int, int]


LOOKS = {
    LookName.BONE: Look(((150.0, 0.0), (300.0, 0.35), (800.0, 0.9)), (240, 228, 205)),
    LookName.VESSELS: Look(((130.0, 0.0), (220.0, 0.25), (400.0, 0.5)), (226, 110, 90)),
    LookName.LUNG: Look(((-950.0, 0.0), (-850.0, 0.012), (-600.0, 0.03), (-400.0, 0.0)), (190, 205, 230)),
    LookName.SKIN: Look(((-400.0, 0.0), (-200.0, 0.6), (0.0, 0.9)), (224, 180, 150)),
}


@dataclass(frozen=True)
class Body:
    """Values in modality units (feet to head, front to back, right to left), voxels of `side` mm. Outside the volume
    they are -inf."""

    values: Floats
    side: float


def body_of(volume: Volume, cuts: Cuts, slope: float, intercept: float) -> Body:
    """The volume as equal voxels along the patient's axes, no more than MOST_VOXELS_A_SIDE in each."""
    side = max(cuts.pixel, max(cuts.extent) / MOST_VOXELS_A_SIDE)
    deep, rows, columns = (max(1, round(cuts.extent[axis] / side)) for axis in (2, 1, 0))
    values = np.full((deep, rows, columns), -np.inf, np.float32)
    count = cuts.count(Plane.AXIAL)
    for at in range(deep):
        k = min(count, int((at + 0.5) * count / deep) + 1)
        found = cut(volume, cuts, Plane.AXIAL, k, Slab(side if side > 1.5 * cuts.step(Plane.AXIAL) else 0.0))
        plane = np.where(found.inside, found.values * np.float32(slope) + np.float32(intercept), np.float32(-np.inf))
        values[at] = _smaller(plane, rows, columns)
    return Body(values, side)


def _smaller(plane: Floats, rows: int, columns: int) -> Floats:
    """The nearest pixels: values must stay values of tissue, and no mean of a bone and the air beside it."""
    down = ((np.arange(rows) + 0.5) * plane.shape[0] / rows).astype(np.intp)
    right = ((np.arange(columns) + 0.5) * plane.shape[1] / columns).astype(np.intp)
    found: Floats = plane[np.ix_(down, right)]
    return found


def picture(opacities: Floats, look: Look, number: int) -> Rgb:
    """Picture `number` of the turn, from 1 to PICTURES: (rows, columns, 3), head on top. `opacities` are those of the
    look. Raises IndexError."""
    if not 1 <= number <= PICTURES:
        raise IndexError(number)
    seen, depths = _composited(_turned(opacities, 2 * np.pi * (number - 1) / PICTURES))
    return _lit(seen, depths, look)[::-1]


def opacities_of(body: Body, look: Look) -> Floats:
    """How much of the light each voxel holds back."""
    at, opacity = np.array(look.points).T
    a_mm = np.interp(body.values, at, opacity, left=opacity[0]).astype(np.float32)
    found: Floats = 1 - (1 - a_mm) ** np.float32(body.side)
    return found


def _turned(opacities: Floats, angle: float) -> Floats:
    """(depth, feet to head, left to right of the picture), the nearest layer first: every layer of the body turns in
    the same way, so one table of places serves all."""
    deep, rows, columns = opacities.shape
    width = int(np.ceil(np.hypot(rows, columns)))
    across = np.arange(width) - (width - 1) / 2
    depth, right = np.meshgrid(across, across, indexing="ij")
    # from the front: the patient's right is at the left edge, and the back is deepest
    column = np.cos(angle) * right + np.sin(angle) * depth + (columns - 1) / 2
    row = np.cos(angle) * depth - np.sin(angle) * right + (rows - 1) / 2
    j, i = np.rint(row).astype(np.intp), np.rint(column).astype(np.intp)
    outside = (j < 0) | (j >= rows) | (i < 0) | (i >= columns)
    places = j.clip(0, rows - 1) * columns + i.clip(0, columns - 1)
    flat = np.ascontiguousarray(opacities.reshape(deep, rows * columns).T)
    found: Floats = flat[places.ravel()].reshape(width, width, deep)
    found[outside] = 0
    turned: Floats = found.transpose(0, 2, 1)
    return turned


def _composited(layers: Floats) -> tuple[Floats, Floats]:
    """Front to back: how opaque each pixel is, and the mean depth, in voxels, of what it shows."""
    through = np.ones(layers.shape[1:], np.float32)
    depths = np.zeros(layers.shape[1:], np.float32)
    for depth, layer in enumerate(layers):
        if not layer.any():
            continue
        held = through * layer
        depths += held * depth
        through -= held
        if through.max() < 1 - OPAQUE:
            break
    seen = (1 - through).astype(np.float32)
    return seen, (depths / np.maximum(seen, np.float32(1e-6))).astype(np.float32)


def _lit(seen: Floats, depths: Floats, look: Look) -> Rgb:
    """Light from the viewer's side: a surface that faces the viewer is brightest."""
    down, right = np.gradient(depths)
    facing = 1 / np.sqrt(1 + down**2 + right**2)
    shade = seen * (AMBIENT + LIGHT * facing)
    lit: npt.NDArray[Any] = shade[..., np.newaxis] * np.array(look.colour, np.float32)
    return (lit.clip(0, 255) + 0.5).astype(np.uint8)
