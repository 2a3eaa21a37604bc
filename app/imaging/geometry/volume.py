"""Slices -> one volume: which of them make it, and where its voxels lie in the patient (PS3.3 C.7.6.2). No pixels here.

A volume is made only when its geometry is certain. Else `Refused` says why. Cutting it is `reslice`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from app.imaging.header.image_header import ImageHeader

Vector = tuple[float, float, float]
Doubles = npt.NDArray[np.float64]

LEAST_SLICES = 5
MOST_SLICES = 20_000
NO_UNIT, NO_RIGHT_ANGLE = 0.01, 0.002
"""How far the length of a direction may be from 1, and the cosine of rows and columns from 0: headers round."""
SAME_DIRECTION = 0.001
"""Half a pixel at the edge of 512 pixels."""
SPACINGS = (0.001, 20.0)
"""mm; a voxel that is smaller or larger is a mistake of the header."""
FURTHEST = 1e5
"""mm from the origin of the patient's axes."""
MAIN_PART = 0.75
"""So large a share of the slices must lie in one grid. The others are localizers, and are left out."""
DOUBLED, LEAST_GAP = 0.1, 0.01
"""A gap below this share of the usual gap, or below so many mm, is two slices at one place."""
TORN = 1.5
"""A gap that is so many times larger than both its neighbours lacks a slice."""
MOST_DRIFT = 0.2
"""Pixels that a slice may lie beside the line through all slices."""
STEEPEST = 1.2
"""mm of shift along the slice for each mm across: 50 degrees. Gantries tilt by 30."""


class NoVolume(StrEnum):
    """Why slices make no volume. The value is stored with prepared series, so it never changes."""

    COLOUR = "colour"
    NO_PLACE = "no_place"
    """The headers do not say where the slices are in the patient, or how large their pixels are."""
    GEOMETRY_ODD = "geometry_odd"
    """The headers' numbers make no sense: zero or parallel directions, a spacing that is none."""
    TOO_FEW_SLICES = "too_few_slices"
    MIXED_PLANES = "mixed_planes"
    """The slices lie in several planes, grids or frames of reference."""
    SEVERAL_VOLUMES = "several_volumes"
    """Different images lie at one place: phases, echoes, points in time."""
    SLICES_MISSING = "slices_missing"
    SLICES_UNALIGNED = "slices_unaligned"
    """The slices are parallel, but do not lie on one line."""
    TOO_LARGE = "too_large"
    VALUES_ODD = "values_odd"
    """The values of the slices cannot be compared: they go through a look-up table, or differ in kind."""


class Refused(Exception):
    """These slices make no volume."""

    def __init__(self, reason: NoVolume) -> None:
        self.reason = reason
        super().__init__(str(reason))


@dataclass(frozen=True)
class SlicePlace:
    """The grid of one slice: size in pixels, and what of its place the header says. `spacing`: mm between rows, mm
    between columns."""

    rows: int
    columns: int
    spacing: tuple[float, float] | None
    position: Vector | None
    orientation: tuple[float, ...] | None
    frame_of_reference_uid: str = ""

    @classmethod
    def of(cls, header: ImageHeader, frame: int) -> SlicePlace:
        values = header.values(frame)
        return cls(
            header.rows,
            header.columns,
            values.spacing,
            values.position,
            values.orientation,
            header.frame_of_reference_uid,
        )


@dataclass(frozen=True)
class VolumeGeometry:
    """Where the voxels are, in mm along the patient's axes (x to the left, y to the back, z to the head).

    The voxel of column i and row j of slice k lies at `origin + i * across + j * down + distances[k] * along`.
    """

    slices: tuple[int, ...]
    """Indexes of the slices that were given, in the order of `distances`."""
    rows: int
    columns: int
    origin: Vector
    across: Vector
    down: Vector
    along: Vector
    """The way for each mm along the normal; it leaves the normal where the gantry was tilted."""
    distances: tuple[float, ...]
    """mm along the normal from the first slice, ascending."""

    @property
    def gap(self) -> float:
        """The usual distance of two slices along the normal, mm."""
        return float(np.median(np.diff(self.distances)))

    @property
    def voxels(self) -> int:
        return len(self.distances) * self.rows * self.columns

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> VolumeGeometry:
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()
        }
        return cls(**values)

    def coarser(self, slices: int, rows: int, columns: int) -> VolumeGeometry:
        """The geometry after the mean of blocks of so many voxels; an incomplete block at an end is left out."""
        kept = len(self.distances) // slices * slices
        means = np.asarray(self.distances[:kept]).reshape(-1, slices).mean(axis=1)
        across, down, along = (np.asarray(vector) for vector in (self.across, self.down, self.along))
        origin = np.asarray(self.origin) + across * (columns - 1) / 2 + down * (rows - 1) / 2 + along * means[0]
        return replace(
            self,
            slices=self.slices[:kept:slices],
            rows=self.rows // rows,
            columns=self.columns // columns,
            origin=_vector(origin),
            across=_vector(across * columns),
            down=_vector(down * rows),
            distances=tuple((means - means[0]).tolist()),
        )


def volume_geometry(places: Sequence[SlicePlace | None]) -> VolumeGeometry:
    """The geometry of the volume that these slices make. None stands for a slice that cannot be shown.

    Raises Refused, and never anything else, whatever numbers the places hold.
    """
    shown = {at: place for at, place in enumerate(places) if place is not None}
    known = {at: place for at, place in shown.items() if _is_placed(place)}
    _require(len(known), len(shown), NoVolume.NO_PLACE)
    sound = {at: place for at, place in known.items() if _is_sound(place)}
    _require(len(sound), len(known), NoVolume.GEOMETRY_ODD)
    if len(places) > MOST_SLICES:
        raise Refused(NoVolume.TOO_LARGE)
    main = _main_grid(sound)
    _require(len(main), len(sound), NoVolume.MIXED_PLANES)
    _require(len(main), len(places), NoVolume.SLICES_MISSING)
    if len(main) < LEAST_SLICES:
        raise Refused(NoVolume.TOO_FEW_SLICES)
    return _geometry(main, sound[main[0]], np.array([sound[at].position for at in main]))


def _require(part: int, whole: int, reason: NoVolume) -> None:
    if part == 0 or part < MAIN_PART * whole:
        raise Refused(reason)


def _is_placed(place: SlicePlace) -> bool:
    return place.position is not None and place.orientation is not None and place.spacing is not None


def _is_sound(place: SlicePlace) -> bool:
    """Whether the numbers of a placed slice make sense."""
    position, directions = np.array(place.position, float), np.array(place.orientation, float)
    spacing = np.array(place.spacing, float)
    if position.shape != (3,) or directions.shape != (6,) or spacing.shape != (2,):
        return False
    if not all(np.isfinite(numbers).all() for numbers in (position, directions, spacing)):
        return False
    if np.abs(directions).max() > 1 + NO_UNIT or np.abs(position).max() > FURTHEST:
        return False
    across, down = directions[:3], directions[3:]
    lengths = np.linalg.norm(across), np.linalg.norm(down)
    return bool(
        max(abs(length - 1) for length in lengths) <= NO_UNIT
        and abs(across @ down) <= NO_RIGHT_ANGLE
        and SPACINGS[0] <= spacing.min()
        and spacing.max() <= SPACINGS[1]
        and place.rows > 1
        and place.columns > 1
    )


def _main_grid(places: dict[int, SlicePlace]) -> list[int]:
    """The indexes of the slices of the largest grid, ascending."""
    grids: list[tuple[SlicePlace, list[int]]] = []
    for at, place in places.items():
        found = next((members for first, members in grids if _same_grid(first, place)), None)
        if found is None:
            if len(grids) == LEAST_SLICES * 10:  # so many grids are no stack, and the search would take long
                raise Refused(NoVolume.MIXED_PLANES)
            grids.append((place, [at]))
        else:
            found.append(at)
    return max((members for _, members in grids), key=len)


def _same_grid(one: SlicePlace, other: SlicePlace) -> bool:
    if (one.rows, one.columns, one.frame_of_reference_uid) != (other.rows, other.columns, other.frame_of_reference_uid):
        return False
    differences = np.abs(np.subtract(one.orientation or (), other.orientation or ()))
    return bool(differences.max() <= SAME_DIRECTION and np.allclose(one.spacing or (), other.spacing or (), rtol=1e-3))


def _geometry(indexes: list[int], place: SlicePlace, positions: Doubles) -> VolumeGeometry:
    across, down, normal = _directions(place)
    distances = positions @ normal
    order = np.argsort(distances, kind="stable")
    distances, positions = distances[order], positions[order]
    _check_gaps(np.diff(distances))
    row_spacing, column_spacing = place.spacing or (1.0, 1.0)
    distances -= distances[0]
    along = normal + _shift(positions - np.outer(distances, normal), distances, min(row_spacing, column_spacing))
    return VolumeGeometry(
        slices=tuple(indexes[at] for at in order),
        rows=place.rows,
        columns=place.columns,
        origin=_vector(_line(positions, distances, along)),
        across=_vector(across * column_spacing),
        down=_vector(down * row_spacing),
        along=_vector(along),
        distances=tuple(distances.tolist()),
    )


def _directions(place: SlicePlace) -> tuple[Doubles, Doubles, Doubles]:
    """Unit vectors at right angles: along a row, along a column, and across the slice."""
    directions = np.array(place.orientation, float)
    across = directions[:3] / np.linalg.norm(directions[:3])
    down = directions[3:] - across * (across @ directions[3:])
    down /= np.linalg.norm(down)
    return across, down, np.cross(across, down)


def _check_gaps(gaps: Doubles) -> None:
    """Raises Refused for doubled and missing slices. Gaps that change from one part of the stack to the next, as in a
    CT of the head, are no fault: every slice keeps its own distance."""
    usual = float(np.median(gaps))
    if usual < LEAST_GAP or (gaps < max(LEAST_GAP, DOUBLED * usual)).any():
        raise Refused(NoVolume.SEVERAL_VOLUMES)
    before, behind = np.append(gaps[1], gaps[:-1]), np.append(gaps[1:], gaps[-2])
    if (gaps > TORN * np.maximum(before, behind)).any() or gaps.max() > 3 * SPACINGS[1]:
        raise Refused(NoVolume.SLICES_MISSING)


def _shift(beside: Doubles, distances: Doubles, pixel: float) -> Doubles:
    """How far the slices shift along their plane for each mm across it. `beside`: their positions without the way along
    the normal. Raises Refused when they do not lie on one line."""
    centred = distances - distances.mean()
    shift: Doubles = (centred @ (beside - beside.mean(axis=0))) / (centred @ centred)
    drift = beside - beside.mean(axis=0) - np.outer(centred, shift)
    if np.abs(drift).max() > MOST_DRIFT * pixel or np.linalg.norm(shift) > STEEPEST:
        raise Refused(NoVolume.SLICES_UNALIGNED)
    return shift


def _line(positions: Doubles, distances: Doubles, along: Doubles) -> Doubles:
    """The first slice's place on the line through all of them, which rounds away what headers round."""
    start: Doubles = (positions - np.outer(distances, along)).mean(axis=0)
    return start


def _vector(values: npt.NDArray[Any]) -> Vector:
    x, y, z = (float(value) for value in values)
    return x, y, z
