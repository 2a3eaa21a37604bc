"""Cuts through a volume: linear interpolation between voxels, one plane thin or a slab (mean, greatest, least value).

Where the cuts lie is `cuts`; windows and pictures are made elsewhere. A cut reads no more of the volume than it shows:
of three coordinates of the volume, those that are constant in the cut, or along its rows, are interpolated first.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from app.imaging.geometry.cuts import Cuts, Plane
from app.imaging.geometry.oblique import Oblique, Place, oblique_place
from app.imaging.geometry.volume import VolumeGeometry

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Voxels = npt.NDArray[Any]
Indexes = npt.NDArray[np.intp]

THICKEST_MM = 200.0
NO_CHANGE = 1e-3
"""Voxels: a coordinate that changes less over a whole cut is constant, and one so near to a voxel lies in it."""
FEW_COLUMNS = 32
STRIP = 16384
"""Pixels that are looked up at a time where a cut lies aslant to all axes."""
MOST_SAMPLES = 128
"""Planes that a slanted slab is sampled in."""


class SlabMode(StrEnum):
    MEAN = "avg"
    GREATEST = "mip"
    LEAST = "minip"


@dataclass(frozen=True)
class Slab:
    """How thick a cut is, in mm (0: a thin plane), and which value of its thickness it shows."""

    thickness: float = 0.0
    mode: SlabMode = SlabMode.MEAN


@dataclass(frozen=True)
class Cut:
    """Values (rows, columns), and where they lie inside the volume; outside, the values mean nothing."""

    values: Floats
    inside: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Volume:
    """Voxels (slices, rows, columns) and where they are."""

    voxels: Voxels
    geometry: VolumeGeometry

    @property
    def nbytes(self) -> int:
        return self.voxels.nbytes


def cut(volume: Volume, cuts: Cuts, plane: Plane, k: int, slab: Slab | None = None) -> Cut:
    """Cut k of a plane, from 1. Raises IndexError when there is no such cut."""
    return _cut(volume, Place(*cuts.place(plane, k), cuts.size(plane)), slab or Slab(), cuts.step(plane) / 2)


def oblique_cut(
    volume: Volume, cuts: Cuts, plane: Plane, at: Oblique, slab: Slab | None = None, longest: int | None = None
) -> Cut:
    """A plane that is turned, in the pixels of `oblique_place`. Raises IndexError when it lies outside the box."""
    return _cut(volume, oblique_place(cuts, plane, at, longest), slab or Slab(), cuts.pixel / 2)


def _cut(volume: Volume, place: Place, slab: Slab, step: float) -> Cut:
    """`step`: mm between the planes that a slanted slab is sampled in."""
    grid = _Grid.of(volume.geometry, place.start, place.right, place.down, place.size)
    way = _coordinates_of(volume.geometry) @ np.array(place.through)
    axis = grid.only_constant(way)
    if slab.thickness > 0 and axis is not None:
        return grid.sampled(_flattened(volume, grid, axis, float(way[2 - axis]), slab))

    def made(part: _Grid) -> Cut:
        return part.sampled(volume.voxels) if slab.thickness <= 0 else _slanted(volume, part, way, slab, step)

    return _by_strips(grid, made) if grid.is_aslant() else made(grid)


def _by_strips(grid: _Grid, made: Callable[[_Grid], Cut]) -> Cut:
    """As many rows at a time as a processor's cache holds."""
    values, inside = np.empty(grid.size, np.float32), np.empty(grid.size, np.bool_)
    height = max(1, STRIP // grid.size[1])
    for top in range(0, grid.size[0], height):
        found = made(grid.rows(top, height))
        values[top : top + height], inside[top : top + height] = found.values, found.inside
    return Cut(values, inside)


def _coordinates_of(geometry: VolumeGeometry) -> Doubles:
    """The matrix from mm of the patient to columns, rows, and mm along the normal."""
    inverse: Doubles = np.linalg.inv(np.array([geometry.across, geometry.down, geometry.along]).T)
    return inverse


@dataclass(frozen=True)
class _Grid:
    """The pixels of a plane in the volume's coordinates: slice (as mm along the normal), row, column.

    `bases` are those of the first pixel, `rights` and `downs` their changes from pixel to pixel and from row to row.
    """

    geometry: VolumeGeometry
    bases: tuple[float, float, float]
    rights: tuple[float, float, float]
    downs: tuple[float, float, float]
    size: tuple[int, int]

    @classmethod
    def of(
        cls,
        geometry: VolumeGeometry,
        start: tuple[float, ...],
        right: tuple[float, ...],
        down: tuple[float, ...],
        size: tuple[int, int],
    ) -> _Grid:
        matrix = _coordinates_of(geometry)
        first = matrix @ (np.array(start) - geometry.origin)
        rights, downs = matrix @ np.array(right), matrix @ np.array(down)
        limits = np.array([1.0, 1.0, geometry.gap]) * NO_CHANGE
        rights[np.abs(rights) * size[1] < limits] = 0.0
        downs[np.abs(downs) * size[0] < limits] = 0.0
        return cls(geometry, _turned(first), _turned(rights), _turned(downs), size)

    def moved(self, way: Doubles, mm: float) -> _Grid:
        bases = tuple(base + change * mm for base, change in zip(self.bases, _turned(way), strict=True))
        return _Grid(self.geometry, (bases[0], bases[1], bases[2]), self.rights, self.downs, self.size)

    def rows(self, top: int, height: int) -> _Grid:
        """Some of the rows, or those that are left of them."""
        base, other, last = (base + down * top for base, down in zip(self.bases, self.downs, strict=True))
        size = min(height, self.size[0] - top), self.size[1]
        return _Grid(self.geometry, (base, other, last), self.rights, self.downs, size)

    def is_aslant(self) -> bool:
        """Whether every coordinate changes in the picture, one of them along both sides: then no axis can be
        interpolated before the others."""
        changes = list(zip(self.rights, self.downs, strict=True))
        return all(right or down for right, down in changes) and any(right and down for right, down in changes)

    def only_constant(self, way: Doubles) -> int | None:
        """The axis of the volume that is constant in this plane, when `way` goes along it alone."""
        found = [axis for axis in range(3) if not self.rights[axis] and not self.downs[axis]]
        across = _turned(way)
        if len(found) == 1 and all(
            abs(across[axis]) * THICKEST_MM < NO_CHANGE for axis in range(3) if axis != found[0]
        ):
            return found[0]
        return None

    def coordinates(self) -> list[Doubles]:
        """Slice, row and column of each pixel as numbers of voxels, each as small as it can be: (1, 1), (1, columns),
        (rows, 1) or (rows, columns)."""
        vertical, horizontal = np.arange(self.size[0])[:, np.newaxis], np.arange(self.size[1])[np.newaxis]
        found = []
        for base, right, down in zip(self.bases, self.rights, self.downs, strict=True):
            coordinate = np.full((1, 1), base)
            if right:
                coordinate = coordinate + right * horizontal
            if down:
                coordinate = coordinate + down * vertical
            found.append(coordinate)
        found[0] = slice_numbers(self.geometry, found[0])
        return found

    def sampled(self, voxels: Voxels) -> Cut:
        """The values of the pixels. An axis of `voxels` that is 1 long was flattened before."""
        coordinates, values = self.coordinates(), voxels
        inside = np.ones((1, 1), np.bool_)
        lengths = (len(self.geometry.distances), self.geometry.rows, self.geometry.columns)
        for axis, (coordinate, length) in enumerate(zip(coordinates, lengths, strict=True)):
            inside = inside & (coordinate >= -0.5 - NO_CHANGE) & (coordinate <= length - 0.5 + NO_CHANGE)
            coordinates[axis] = coordinate.clip(0, length - 1)
        inside = np.broadcast_to(inside, self.size)
        if self.is_aslant() and min(voxels.shape) > 1:
            return Cut(_inside(voxels, coordinates, inside), inside)
        for axis in range(3):  # slices first: they lie in one piece of memory each
            if coordinates[axis].size == 1:
                values = _between(values, axis, float(coordinates[axis].item()))
        kept = [axis for axis in range(3) if coordinates[axis].size > 1]
        values = values.reshape([length for axis, length in enumerate(values.shape) if axis in kept] or [1])
        return Cut(_interpolated(values, [coordinates[axis] for axis in kept], self.size), inside)


def _turned(vector: Doubles) -> tuple[float, float, float]:
    column, row, slice_ = (float(value) for value in vector)
    return slice_, row, column


def slice_numbers(geometry: VolumeGeometry, distances: Doubles) -> Doubles:
    """Distances along the normal in mm as numbers of slices, which need not lie equally far apart."""
    known = np.array(geometry.distances)
    numbers: Doubles = distances / (known[-1] / (len(known) - 1))
    if np.abs(known / geometry.gap - np.arange(len(known))).max() < NO_CHANGE:
        return numbers  # the search below takes as long as all the rest of a slanted cut
    ends = known[0] - (known[1] - known[0]) / 2, known[-1] + (known[-1] - known[-2]) / 2
    knots = np.concatenate(([ends[0]], known, [ends[1]]))
    numbers = np.concatenate(([-0.5], np.arange(len(known)), [len(known) - 0.5]))
    found: Doubles = np.interp(distances, knots, numbers, left=-1.0, right=float(len(known)))
    return found


def _between(voxels: Voxels, axis: int, at: float) -> Voxels:
    """The plane `at` of an axis, 1 long."""
    length = voxels.shape[axis]
    if length == 1:
        return voxels
    low = min(int(at + NO_CHANGE), length - 1)
    share = at - low
    below = voxels[(slice(None),) * axis + (slice(low, low + 1),)]
    if share < NO_CHANGE or low == length - 1:
        return below
    above = voxels[(slice(None),) * axis + (slice(low + 1, low + 2),)]
    return below.astype(np.float32) * np.float32(1 - share) + above.astype(np.float32) * np.float32(share)


def _inside(voxels: Voxels, coordinates: list[Doubles], inside: npt.NDArray[np.bool_]) -> Floats:
    """Linear interpolation where the picture lies aslant to all axes of the volume. Only pixels inside are looked up;
    the others are 0."""
    found = np.zeros(inside.shape, np.float32)
    found[inside] = _at_places(voxels, [np.broadcast_to(each, inside.shape)[inside] for each in coordinates])
    return found


def _at_places(voxels: Voxels, places: list[Doubles]) -> Floats:
    """Linear interpolation at places (slices, rows, columns), each of them between two voxels of every axis."""
    index = np.zeros(places[0].shape, np.intp)
    shares = []
    for place, length in zip(places, voxels.shape, strict=True):
        low = np.minimum(place.astype(np.intp), length - 2)
        shares.append((place - low).astype(np.float32))
        index *= length
        index += low
    flat, (_, rows, columns) = voxels.reshape(-1), voxels.shape
    levels = []
    for level in (0, rows * columns):
        lines = []
        for line in (level, level + columns):
            below = flat.take(index + line).astype(np.float32)
            lines.append(_mixed(below, flat.take(index + (line + 1)), shares[2]))
        levels.append(_mixed(lines[0], lines[1], shares[1]))
    return _mixed(levels[0], levels[1], shares[0])


def _mixed(below: Floats, above: Voxels, share: Floats) -> Floats:
    """Written over `below`."""
    below += (above - below) * share
    return below


def _interpolated(values: Voxels, coordinates: list[Doubles], size: tuple[int, int]) -> Floats:
    """Values of an array with one axis for each of the coordinates, in which they lie."""
    rows, columns = size
    for axis in reversed(range(len(coordinates))):
        others = coordinates[:axis] + coordinates[axis + 1 :]
        shape = coordinates[axis].shape
        if others and shape == (1, columns) and all(other.shape == (rows, 1) for other in others):
            return _rows_then_columns(values, coordinates, axis)
        if others and shape == (rows, 1) and all(other.shape == (1, columns) for other in others):
            return np.ascontiguousarray(_rows_then_columns(values, coordinates, axis).T)
    found = _gathered(values, coordinates)
    return np.ascontiguousarray(np.broadcast_to(found, size))


def _rows_then_columns(values: Voxels, coordinates: list[Doubles], axis: int) -> Floats:
    """Where one coordinate changes along one side of the picture only, and all others along the other side only."""
    others = [coordinate.ravel() for at, coordinate in enumerate(coordinates) if at != axis]
    lines = _gathered(np.moveaxis(values, axis, -1), others)
    found: Floats | None = None
    for index, share in _neighbours(coordinates[axis].ravel(), lines.shape[1]):
        run = _run(index)
        part = lines.take(index, axis=1) if run is None else lines[:, run]
        part = part if share is None else part * share
        found = part if found is None else np.add(found, part, out=found)
    assert found is not None
    return found


def _neighbours(coordinate: Doubles, length: int) -> list[tuple[Indexes, Floats | None]]:
    """The voxels below and above each place on an axis, and their shares; one alone where every place is a voxel's."""
    low = np.minimum((coordinate + NO_CHANGE).astype(np.intp), length - 1)
    share = (coordinate - low).astype(np.float32)
    if np.abs(share).max(initial=0) <= NO_CHANGE:
        return [(low, None)]
    share = share.clip(0, 1)
    return [(low, 1 - share), (np.minimum(low + 1, length - 1), share)]


def _run(index: Indexes) -> slice | None:
    """The indexes as a slice, which copies nothing, when each is the next of the one before."""
    if index.ndim == 1 and (np.diff(index) == 1).all():
        return slice(int(index[0]), int(index[-1]) + 1)
    return None


def _gathered(values: Voxels, coordinates: list[Doubles]) -> Floats:
    """Linear interpolation in the first axes, one for each coordinate; the axes behind them are kept whole."""
    corners = [_neighbours(coordinate, values.shape[axis]) for axis, coordinate in enumerate(coordinates)]
    spare = (np.newaxis,) * (values.ndim - len(coordinates))
    found: Floats | None = None
    for corner in itertools.product(*corners):
        run = _run(corner[0][0]) if len(corner) == 1 else None
        part = values[tuple(index for index, _ in corner) if run is None else run].astype(np.float32)
        for _, share in corner:
            if share is not None:
                part *= share[(..., *spare)]
        found = part if found is None else np.add(found, part, out=found)
    assert found is not None
    return found


def _flattened(volume: Volume, grid: _Grid, axis: int, way: float, slab: Slab) -> Voxels:
    """The volume, flattened along the one axis that the slab goes through. `way`: its change for each mm.

    It is exact: the values between two voxels change evenly, so the greatest and the least one lie at voxels or at the
    ends of the slab.
    """
    half = abs(way) * slab.thickness / 2
    ends = np.array([grid.bases[axis] - half, grid.bases[axis] + half])
    if axis == 0:
        ends = slice_numbers(volume.geometry, ends)
    length = volume.voxels.shape[axis]
    low, high = (float(end) for end in ends.clip(0, length - 1))
    if slab.mode is SlabMode.MEAN:
        return _mean(volume, axis, low, high)
    best = np.maximum if slab.mode is SlabMode.GREATEST else np.minimum
    found = best(_between(volume.voxels, axis, low), _between(volume.voxels, axis, high))
    first, last = int(np.ceil(low)), int(np.floor(high))
    if first <= last:
        inner = volume.voxels[(slice(None),) * axis + (slice(first, last + 1),)]
        found = best(found, _reduced(best, inner, axis))
    return found


def _reduced(best: np.ufunc, inner: Voxels, axis: int) -> Voxels:
    """`best.reduce`. For a few columns that takes twice as long: it goes through one short run after the other."""
    if axis < 2 or inner.shape[2] > FEW_COLUMNS:
        reduced: Voxels = best.reduce(inner, axis=axis, keepdims=True)
        return reduced
    columns = np.moveaxis(np.ascontiguousarray(inner), 2, 0)
    found: Voxels = columns[0].copy()
    for column in columns[1:]:
        best(found, column, out=found)
    return found[..., np.newaxis]


def _mean(volume: Volume, axis: int, low: float, high: float) -> Voxels:
    """The mean between two places of an axis, each voxel weighed by how far it reaches into the way, in mm."""
    length = volume.voxels.shape[axis]
    if high - low < NO_CHANGE:
        return _between(volume.voxels, axis, low)
    places = np.array(volume.geometry.distances) if axis == 0 else np.arange(length, dtype=np.float64)
    knots = np.unique(np.concatenate(([low, high], np.arange(np.ceil(low), np.floor(high) + 1))))
    lengths = np.diff(np.interp(knots, np.arange(length), places))
    weights = np.zeros(length)
    for (start, end), mm in zip(itertools.pairwise(knots), lengths, strict=True):
        below = min(int(np.floor((start + end) / 2)), length - 2)
        share = (start + end) / 2 - below
        weights[below] += mm * (1 - share)
        weights[below + 1] += mm * share
    used = np.flatnonzero(weights)
    first, last = int(used[0]), int(used[-1]) + 1
    shares = (weights[first:last] / weights.sum()).astype(np.float32)
    inner = volume.voxels[(slice(None),) * axis + (slice(first, last),)]
    if axis == 0:
        total = np.zeros(inner.shape[1:], np.float32)
        for share, plane in zip(shares, inner, strict=True):
            total += plane * share
        return total[np.newaxis]
    flat = np.empty((inner.shape[0], inner.shape[3 - axis]), np.float32)
    for at, plane in enumerate(inner):  # plane by plane: the whole as floats might not fit
        flat[at] = shares @ plane if axis == 1 else plane @ shares
    return np.expand_dims(flat, axis)


def _slanted(volume: Volume, grid: _Grid, way: Doubles, slab: Slab, step: float) -> Cut:
    """A slab in planes that lie a step apart, its two faces among them."""
    planes = int(min(MOST_SAMPLES, np.ceil(slab.thickness / step))) + 1
    shares = np.ones(planes)
    shares[[0, -1]] = 0.5
    inside = np.zeros(grid.size, np.bool_)
    values, weight = np.zeros(grid.size, np.float32), np.zeros(grid.size, np.float32)
    best = np.maximum if slab.mode is SlabMode.GREATEST else np.minimum
    for share, mm in zip(shares, np.linspace(-slab.thickness / 2, slab.thickness / 2, planes), strict=True):
        found = grid.moved(way, float(mm)).sampled(volume.voxels)
        if slab.mode is SlabMode.MEAN:
            values += np.where(found.inside, found.values * np.float32(share), 0)
            weight += found.inside * np.float32(share)
        else:
            both = found.inside & inside
            values = np.where(both, best(values, found.values), np.where(found.inside, found.values, values))
        inside |= found.inside
    if slab.mode is SlabMode.MEAN:
        values /= np.maximum(weight, np.float32(1e-6))
    return Cut(values, inside)
