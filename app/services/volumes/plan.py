"""Whether the frames of a stack make a volume, and what a reader of it must know. Pixels are read elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from app.imaging.display.plain_values import kind_of
from app.imaging.geometry.volume import NoVolume, Refused, SlicePlace, VolumeGeometry, volume_geometry
from app.imaging.header.image_header import ImageHeader

Frame = tuple[ImageHeader | None, int]
"""The header of an object, None when it cannot be decoded, and the number of one of its frames, from 0."""

MOST_VOXELS = 1 << 31
"""Of the slices before they are made coarser: reading more takes too long."""


@dataclass(frozen=True)
class VolumePlan:
    """A volume as it is kept with a prepared series. `geometry.slices` count frames from 0."""

    geometry: VolumeGeometry
    kind: str
    """The numpy kind of stored values."""
    rescales: tuple[tuple[float, float], ...]
    """Slope and intercept: one pair for all slices, or one for each."""
    is_inverted: bool
    """Low values are shown bright."""
    voi_function: str
    padding: tuple[float, float] | None
    modality: str

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "geometry": self.geometry.to_json()}

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> VolumePlan:
        values = dict(plain)
        values["geometry"] = VolumeGeometry.from_json(values["geometry"])
        values["rescales"] = tuple((slope, intercept) for slope, intercept in values["rescales"])
        values["padding"] = None if values["padding"] is None else tuple(values["padding"])
        return cls(**values)


def planned_volume(frames: Sequence[Frame], is_whole: Sequence[bool], digests: Sequence[bytes]) -> VolumePlan:
    """The volume of a stack. `is_whole`: the frame could be decoded to its last row. `digests` name the values of
    frames that share their place with another; of equal ones the first counts.

    Raises Refused.
    """
    used = [at for at, again in enumerate(_repeated(frames, digests)) if not again]
    shown = {at: header for at in used if is_whole[at] and (header := frames[at][0]) is not None}
    grey = {at: header for at, header in shown.items() if _is_grey(header)}
    if shown and not grey:
        raise Refused(NoVolume.COLOUR)
    places = [SlicePlace.of(grey[at], frames[at][1]) if at in grey else None for at in used]
    found = volume_geometry(places)
    geometry = replace(found, slices=tuple(used[at] for at in found.slices))
    if geometry.voxels > MOST_VOXELS:
        raise Refused(NoVolume.TOO_LARGE)
    return _plan(geometry, [(grey[at], frames[at][1]) for at in geometry.slices])


def _plan(geometry: VolumeGeometry, headers: Sequence[tuple[ImageHeader, int]]) -> VolumePlan:
    first, _ = headers[0]
    if any(_nature(header) != _nature(first) or header.modality_lut is not None for header, _ in headers):
        raise Refused(NoVolume.VALUES_ODD)
    values = [header.values(frame) for header, frame in headers]
    rescales = tuple((one.slope, one.intercept) for one in values)
    return VolumePlan(
        geometry=geometry,
        kind=kind_of(first),
        rescales=rescales[:1] if len(set(rescales)) == 1 else rescales,
        is_inverted=first.photometric_interpretation == "MONOCHROME1" or first.presentation_lut_shape == "INVERSE",
        voi_function=values[len(values) // 2].voi_function,
        padding=first.padding,
        modality=first.modality,
    )


def _nature(header: ImageHeader) -> tuple[object, ...]:
    """What must be equal for values of two slices to be compared."""
    return kind_of(header), header.photometric_interpretation, header.presentation_lut_shape


def _is_grey(header: ImageHeader) -> bool:
    return header.samples_per_pixel == 1 and header.photometric_interpretation.startswith("MONOCHROME")


def _repeated(frames: Sequence[Frame], digests: Sequence[bytes]) -> list[bool]:
    """Which frames show the same values at the same place as an earlier one."""
    seen: set[tuple[object, bytes]] = set()
    found = []
    for frame, digest in zip(frames, digests, strict=True):
        name = (place_of(frame), digest)
        found.append(bool(digest) and name in seen)
        seen.add(name)
    return found


def place_of(frame: Frame) -> object:
    """What frames at one place have in common; None for a frame without a place."""
    header, number = frame
    if header is None:
        return None
    values = header.values(number)
    return None if values.position is None else (values.position, values.orientation)
