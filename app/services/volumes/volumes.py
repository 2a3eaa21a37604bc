"""Volumes of prepared series in memory: read once, slice by slice, then cut for every picture that is wanted.

A process builds one volume at a time and keeps as many as its limit of bytes allows. What makes a volume is decided in
`volume_plan`; the arithmetic of cuts is in app/imaging/geometry.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from app.caches.lru import LruCache
from app.errors import Busy, NotFound
from app.imaging.codecs.encode import encode, fit
from app.imaging.codecs.working_copy import WORKING_COPY
from app.imaging.display.render_spec import VALUES, RenderSpec, RenderTask
from app.imaging.display.window import Shown, Window, apply_window, voi_function
from app.imaging.geometry.cuts import Cuts, Plane, cuts_of
from app.imaging.geometry.oblique import Oblique
from app.imaging.geometry.reslice import Cut, Slab, SlabMode, Volume, cut, oblique_cut
from app.imaging.geometry.turntable import LOOKS, PICTURES, Look, LookName, body_of, opacities_of, picture
from app.imaging.header.image_header import ImageHeader
from app.imaging.sandbox.pool import Account, RenderPool
from app.services.archive.frames import all_drawn
from app.services.volumes.plan import VolumePlan

PATIENCE_S = 20.0
"""So long a request waits while this process builds another volume."""
RETRY_S = 2
LARGEST_SHARE = 0.75
"""The largest volume, of all that is kept. A larger one is made coarser."""
PERCENTILES = (0.5, 99.5)
SAMPLED = 7
"""Every so many voxels a side tell the contrast of a volume whose header has no window."""

_OTHER_END = {
    SlabMode.MEAN: SlabMode.MEAN,
    SlabMode.GREATEST: SlabMode.LEAST,
    SlabMode.LEAST: SlabMode.GREATEST,
}
"""Where a negative slope turns voxels round, their least one is the greatest value."""

Read = Callable[[int, tuple[RenderSpec, ...]], RenderTask]
"""Frame (from 0) and the wanted specs -> the task for a decoding child."""


@dataclass(frozen=True)
class LoadedVolume:
    """A volume with its cuts, and the window that its values have of their own."""

    volume: Volume
    cuts: Cuts
    """Of the volume as it was planned, also when it is kept coarser."""
    own_window: Window
    slope: float
    intercept: float
    """From voxels to modality units; one for all voxels."""

    @property
    def nbytes(self) -> int:
        return self.volume.nbytes


@dataclass(frozen=True)
class CutSpec:
    """One wanted picture of a volume."""

    plane: Plane
    at: int | Oblique
    """The number of a cut along the patient's axes, from 1, or where the turned plane lies."""
    slab: Slab
    fmt: str = "jpg"
    window: Window | None = None
    longest: int | None = None
    quality: int = 85


@dataclass(frozen=True)
class TurnSpec:
    """One wanted picture of a turntable."""

    k: int
    look: LookName = LookName.BONE
    fmt: str = "jpg"
    longest: int | None = None
    quality: int = 85


@dataclass(frozen=True, kw_only=True)
class Volumes:
    """Decides which volumes are in memory. Raises NotFound, Busy, StoreUnavailable."""

    renderer: RenderPool
    most_bytes: int
    _kept: LruCache[uuid.UUID, LoadedVolume] = field(init=False)
    _bodies: LruCache[tuple[uuid.UUID, str], npt.NDArray[np.float32]] = field(init=False)
    """Opacities of turntables by series and look."""
    _building: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        kept: LruCache[uuid.UUID, LoadedVolume] = LruCache(self.most_bytes, weight=lambda loaded: loaded.nbytes)
        object.__setattr__(self, "_kept", kept)
        bodies: LruCache[tuple[uuid.UUID, str], npt.NDArray[np.float32]] = LruCache(
            self.most_bytes // 4, weight=lambda opacities: opacities.nbytes
        )
        object.__setattr__(self, "_bodies", bodies)

    def picture(
        self, series_id: uuid.UUID, plan: VolumePlan, window: Window | None, read: Read, spec: CutSpec
    ) -> bytes:
        """A cut as an encoded picture. `window`: the series' default one."""
        loaded = self.loaded(series_id, plan, read)
        slab = spec.slab if loaded.slope > 0 else Slab(spec.slab.thickness, _OTHER_END[spec.slab.mode])
        try:
            found = _cut(loaded, spec, slab)
        except IndexError:
            raise NotFound from None
        shown = shown_values(found.values, plan, loaded, spec.window or window)
        shown = np.where(found.inside, shown, np.uint8(0))
        return encode(shown if spec.longest is None else fit(shown, spec.longest), spec.fmt, spec.quality)

    def turned(self, series_id: uuid.UUID, plan: VolumePlan, read: Read, spec: TurnSpec) -> bytes:
        """A picture of the turntable, encoded."""
        look = LOOKS[spec.look]
        opacities = self._bodies.computed((series_id, spec.look), lambda: self._opacities(series_id, plan, read, look))
        try:
            shown = picture(opacities, look, spec.k)
        except IndexError:
            raise NotFound from None
        return encode(shown if spec.longest is None else fit(shown, spec.longest), spec.fmt, spec.quality)

    def _opacities(self, series_id: uuid.UUID, plan: VolumePlan, read: Read, look: Look) -> npt.NDArray[np.float32]:
        loaded = self.loaded(series_id, plan, read)
        return opacities_of(body_of(loaded.volume, loaded.cuts, loaded.slope, loaded.intercept), look)

    def keeps(self, series_id: uuid.UUID, look: LookName | None = None) -> bool:
        """Whether its cuts, or with a look the pictures of its turntable, need no reading of slices now."""
        found = self._kept.get(series_id) if look is None else self._bodies.get((series_id, look))
        return found is not None

    def loaded(self, series_id: uuid.UUID, plan: VolumePlan, read: Read) -> LoadedVolume:
        """The volume, kept or built now. Threads that ask for the same one wait for a single computation."""
        found = self._kept.get(series_id)
        return found or self._kept.computed(series_id, lambda: self._built(plan, read))

    def _built(self, plan: VolumePlan, read: Read) -> LoadedVolume:
        with self._turn():
            blocks = blocks_of(plan, int(self.most_bytes * LARGEST_SHARE))
            geometry = plan.geometry.coarser(*blocks)
            kind = np.dtype(plan.kind if len(plan.rescales) == 1 else "<f4")
            shape = (len(geometry.distances), geometry.rows, geometry.columns)
            self._kept.make_room(int(np.prod(shape, dtype=np.int64)) * kind.itemsize)
            voxels = np.zeros(shape, kind)
            self._fill(voxels, plan, blocks, read)
            slope, intercept = plan.rescales[0] if len(plan.rescales) == 1 else (1.0, 0.0)
            volume = Volume(voxels, geometry)
            return LoadedVolume(
                volume, cuts_of(plan.geometry), own_window(voxels, plan, slope, intercept), slope, intercept
            )

    def _fill(self, voxels: npt.NDArray[Any], plan: VolumePlan, blocks: tuple[int, int, int], read: Read) -> None:
        deep, side, _ = blocks
        rows, columns = voxels.shape[1:]
        stored = np.dtype(plan.kind)
        specs = (RenderSpec(fmt=VALUES, coarser=side),)
        frames = plan.geometry.slices[: voxels.shape[0] * deep]
        tasks = (read(at, specs) for at in frames)
        total = np.zeros((rows, columns), np.float32)
        for number, (plain,) in enumerate(all_drawn(self.renderer, tasks, Account())):
            if len(plain) != rows * columns * stored.itemsize:  # it could be read when the volume was planned
                raise Busy(RETRY_S)
            values: npt.NDArray[Any] = np.frombuffer(plain, stored).reshape(rows, columns)
            if len(plan.rescales) > 1:
                slope, intercept = plan.rescales[number]
                values = values * np.float32(slope) + np.float32(intercept)
            if deep == 1:
                voxels[number] = values
                continue
            total += values
            if number % deep == deep - 1:
                mean = total / deep
                voxels[number // deep] = mean if voxels.dtype.kind == "f" else np.rint(mean)
                total[:] = 0

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._building.acquire(timeout=PATIENCE_S):
            raise Busy(RETRY_S)
        try:
            yield
        finally:
            self._building.release()


def _cut(loaded: LoadedVolume, spec: CutSpec, slab: Slab) -> Cut:
    if isinstance(spec.at, int):
        return cut(loaded.volume, loaded.cuts, spec.plane, spec.at, slab)
    return oblique_cut(loaded.volume, loaded.cuts, spec.plane, spec.at, slab, spec.longest)


def blocks_of(plan: VolumePlan, most_bytes: int) -> tuple[int, int, int]:
    """How many slices, rows and columns become one voxel, so that the volume fits. The shortest sides are joined
    first."""
    geometry = plan.geometry
    itemsize = np.dtype(plan.kind if len(plan.rescales) == 1 else "<f4").itemsize
    deep = side = 1
    pixel = float(min(np.linalg.norm(geometry.across), np.linalg.norm(geometry.down)))
    while geometry.voxels * itemsize / (deep * side * side) > most_bytes:
        if side * pixel <= deep * geometry.gap or len(geometry.distances) // (deep + 1) < 3:
            side += 1
        else:
            deep += 1
    return deep, side, side


def own_window(voxels: npt.NDArray[Any], plan: VolumePlan, slope: float, intercept: float) -> Window:
    """From the 0.5th to the 99.5th percentile of the volume's values, padding apart."""
    some = voxels[::SAMPLED, ::SAMPLED, ::SAMPLED].ravel()
    if plan.padding is not None and len(plan.rescales) == 1:
        meant = some[(some < plan.padding[0]) | (some > plan.padding[1])]
        some = meant if meant.size else some
    some = some[np.isfinite(some)]
    low, high = np.percentile(some, PERCENTILES) * slope + intercept if some.size else (0.0, 1.0)
    low, high = min(low, high), max(low, high)
    return Window(float(low + high) / 2, max(float(high - low), 1e-9), "LINEAR_EXACT")


def shown_values(
    values: npt.NDArray[np.float32], plan: VolumePlan, loaded: LoadedVolume, window: Window | None
) -> Shown:
    """Values of voxels as grey levels."""
    units = values * np.float32(loaded.slope)
    units += np.float32(loaded.intercept)
    grey = apply_window(units, window or loaded.own_window)
    if loaded.volume.voxels.dtype.kind == "f":  # others hold numbers alone
        grey = np.nan_to_num(grey)
    grey += np.float32(0.5)
    shown: Shown = grey.astype(np.uint8)
    return 255 - shown if plan.is_inverted else shown


def default_window(plan: VolumePlan, center: float | None, width: float | None) -> Window | None:
    """The header's window of a prepared series."""
    return None if center is None or width is None else Window(center, width, voi_function(plan.voi_function))


def turns_of(plan: VolumePlan) -> int | None:
    """How many pictures its turntable has; None where values do not tell tissues apart."""
    return PICTURES if plan.modality == "CT" else None


def copy_header_of(plan: VolumePlan) -> ImageHeader:
    """The header under which the working copies of a volume's frames give their values."""
    bits = 8 * np.dtype(plan.kind).itemsize
    return ImageHeader(
        transfer_syntax_uid=WORKING_COPY,
        modality=plan.modality,
        rows=plan.geometry.rows,
        columns=plan.geometry.columns,
        number_of_frames=1,
        samples_per_pixel=1,
        photometric_interpretation="MONOCHROME2",
        bits_allocated=bits,
        bits_stored=bits,
        high_bit=bits - 1,
        signed=np.dtype(plan.kind).kind != "u",
        pixel_keyword="FloatPixelData" if np.dtype(plan.kind).kind == "f" else "PixelData",
    )
